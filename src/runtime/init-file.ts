/** Tensors of files that a spec names: `frozen E : [D, Word] = file("glove.safetensors", "E")`. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { nearest } from "../compiler/diagnostics/nearest.js";
import { DataError } from "./data/index.js";
import type { ReadTensor } from "./init.js";
import { readSafetensors, type Tensor } from "./safetensors.js";

/** `dir`: the folder of the spec. The reader throws `DataError` where there is no such file or no such tensor in it. */
export function tensorReader(dir: string): ReadTensor {
  const files = new Map<string, Record<string, Tensor>>();
  return (path, key) => {
    if (!path.endsWith(".safetensors"))
      throw new DataError(
        "only safetensors files can be read",
        { file: path },
        "convert it with the package safetensors",
      );
    let tensors = files.get(path);
    if (!tensors) {
      tensors = readSafetensors(bytesOf(resolve(dir, path), path), path);
      files.set(path, tensors);
    }
    const tensor = tensors[key];
    if (tensor) return tensor;
    const meant = nearest(key, Object.keys(tensors));
    throw new DataError(
      `there is no tensor \`${key}\``,
      { file: path },
      meant === undefined ? null : `did you mean \`${meant}\`?`,
    );
  };
}

function bytesOf(path: string, name: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (e) {
    throw new DataError(`the file cannot be read: ${(e as NodeJS.ErrnoException).code ?? String(e)}`, { file: name });
  }
}
