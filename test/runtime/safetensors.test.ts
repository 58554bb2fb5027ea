import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelFolderError } from "../../src/runtime/errors.js";
import { readSafetensors, writeSafetensors } from "../../src/runtime/safetensors.js";

/** A file by hand: the header as given, then the bytes. */
function file(header: unknown, bytes: readonly number[] = []): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const out = new Uint8Array(8 + text.length + bytes.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(text.length), true);
  out.set(text, 8);
  out.set(bytes, 8 + text.length);
  return out;
}

describe("safetensors", () => {
  it("gives back what was written", () => {
    const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });
    const tensor = shape.chain((s) => {
      const n = s.reduce((a, b) => a * b, 1);
      return fc
        .array(fc.float({ noNaN: true }), { minLength: n, maxLength: n })
        .map((data) => ({ shape: s, data: Float32Array.from(data) }));
    });
    // a plain object cannot hold this name as a key of its own
    const name = fc.string().filter((s) => s !== "__proto__" && s !== "__metadata__");
    fc.assert(
      fc.property(fc.dictionary(name, tensor, { noNullPrototype: true }), (tensors) => {
        expect(readSafetensors(writeSafetensors(tensors), "x")).toEqual(tensors);
      }),
      { numRuns: 50 },
    );
  });

  it("starts its numbers on a multiple of 8 bytes and says where they are", () => {
    const bytes = writeSafetensors({ W: { shape: [2], data: Float32Array.of(1, -2) } });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    expect(header).toEqual({ W: { dtype: "F32", shape: [2], data_offsets: [0, 8] } });
    expect(new DataView(bytes.buffer).getFloat32(8 + length + 4, true)).toBe(-2);
  });

  it("reads half precision, bfloat16 and double precision, and skips metadata", () => {
    const entry = (dtype: string, from: number, to: number) => ({ dtype, shape: [2], data_offsets: [from, to] });
    const double = [...new Uint8Array(Float64Array.of(0.1, -4).buffer)];
    const bytes = file(
      { __metadata__: { by: "hand" }, h: entry("F16", 0, 4), b: entry("BF16", 4, 8), d: entry("F64", 8, 24) },
      [0x00, 0x3c, 0x01, 0x80, 0x80, 0x3f, 0x20, 0xc1, ...double],
    );
    const read = readSafetensors(bytes, "x");
    expect(Object.keys(read)).toEqual(["h", "b", "d"]);
    expect([...(read["h"]?.data ?? [])]).toEqual([1, -(2 ** -24)]);
    expect([...(read["b"]?.data ?? [])]).toEqual([1, -10]);
    expect([...(read["d"]?.data ?? [])]).toEqual([Math.fround(0.1), -4]);
  });

  const good = writeSafetensors({ W: { shape: [3], data: Float32Array.of(1, 2, 3) } });
  it.each([
    ["nothing", new Uint8Array(3)],
    ["a cut file", good.subarray(0, good.length - 1)],
    ["a cut header", good.subarray(0, 20)],
    ["no JSON", Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7b)],
    ["a list", file([])],
    ["an entry without offsets", file({ W: { dtype: "F32", shape: [1] } }, [0, 0, 0, 0])],
    ["a wrong size", file({ W: { dtype: "F32", shape: [2], data_offsets: [0, 4] } }, [0, 0, 0, 0])],
    ["offsets beyond the end", file({ W: { dtype: "F32", shape: [2], data_offsets: [0, 8] } }, [0, 0, 0, 0])],
    ["backward offsets", file({ W: { dtype: "F32", shape: [0], data_offsets: [4, 0] } }, [0, 0, 0, 0])],
    ["a negative size", file({ W: { dtype: "F32", shape: [-1], data_offsets: [0, 4] } }, [0, 0, 0, 0])],
    ["integers", file({ W: { dtype: "I64", shape: [0], data_offsets: [0, 0] } })],
  ])("refuses %s, naming the file", (_, bytes) => {
    expect(() => readSafetensors(bytes, "params.safetensors")).toThrow(ModelFolderError);
    expect(() => readSafetensors(bytes, "params.safetensors")).toThrow(/params\.safetensors/);
  });

  it("never fails in another way, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: good.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const bytes = good.slice();
        bytes[at] = byte;
        try {
          readSafetensors(bytes, "x");
        } catch (e) {
          expect(e).toBeInstanceOf(ModelFolderError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
