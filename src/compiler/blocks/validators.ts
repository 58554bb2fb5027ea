/**
 * Validators compiled when they are first needed, and only from our own constant schemas: ajv makes functions from the text of
 * a schema, so nothing of a user's spec may ever be in one.
 */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { JsonSchema } from "./schemas.js";

/** Defaults are filled into what is validated; every error is reported. */
export function lazyValidators<Name extends string>(
  schemas: Readonly<Record<Name, JsonSchema>>,
): (name: Name) => ValidateFunction {
  const made = new Map<Name, ValidateFunction>();
  let ajv: Ajv2020 | undefined;
  return (name) => {
    let validator = made.get(name);
    if (!validator) {
      ajv ??= new Ajv2020({
        strict: true,
        strictRequired: false,
        allowUnionTypes: true,
        allErrors: true,
        verbose: true,
        useDefaults: true,
        discriminator: true,
      });
      validator = ajv.compile(schemas[name]);
      made.set(name, validator);
    }
    return validator;
  };
}
