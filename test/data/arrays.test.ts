/** `npy(…)` and `parquet(…)`, against files that are written here byte by byte from the formats' own descriptions. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import type { FileRef, Source } from "../../src/compiler/blocks/types.js";
import { compile } from "../../src/compiler/index.js";
import { nodeFiles } from "../../src/runtime/data/files.js";
import { readSource } from "../../src/runtime/data/sources.js";
import { instantiate } from "../../src/runtime/index.js";

const dir = mkdtempSync(join(tmpdir(), "recurve-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const ref = (path: string): FileRef => ({ path, npm: null });
const columns = async (source: Source) => {
  const data = await readSource(source, nodeFiles(dir));
  return data.kind === "records" ? data.records.map((r) => r.columns) : [];
};

function npy(path: string, type: string, shape: string, body: ArrayBufferView, rest = "'fortran_order': False"): void {
  const header = `{'descr': '${type}', ${rest}, 'shape': (${shape}), }`;
  const padded = `${header.padEnd(118 - 1)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(padded.length);
  const data = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  writeFileSync(
    join(dir, path),
    Buffer.concat([Buffer.from("\x93NUMPY\x01\x00", "latin1"), length, Buffer.from(padded), data]),
  );
}

describe("npy", () => {
  npy("f4.npy", "<f4", "2, 3", Float32Array.of(1, 2, 3, 4, 5, 6.5));
  npy("f8.npy", "<f8", "2, 1, 2", Float64Array.of(0.1, 0.2, 0.3, 0.4));
  npy("i8.npy", "<i8", "2,", BigInt64Array.of(-3n, 2n ** 40n));
  npy("i4.npy", "<i4", "2,", Int32Array.of(-7, 8));
  npy("u1.npy", "|u1", "3,", Uint8Array.of(0, 128, 255));
  npy("big.npy", ">i2", "1,", Uint8Array.of(1, 2));

  it.each<[string, unknown[]]>([
    [
      "f4",
      [
        [1, 2, 3],
        [4, 5, 6.5],
      ],
    ],
    ["f8", [[[0.1, 0.2]], [[0.3, 0.4]]]],
    ["i8", [-3, 2 ** 40]],
    ["i4", [-7, 8]],
    ["u1", [0, 128, 255]],
    ["big", [258]],
  ])("%s", async (name, expected) => {
    const found = await columns({ kind: "npy", arrays: { array: [ref(`${name}.npy`)] } });
    expect(found).toEqual(expected.map((array) => ({ array })));
  });

  it("arrays side by side are columns, files one after the other more records", async () => {
    expect(await columns({ kind: "npy", arrays: { x: [ref("f4.npy")], y: [ref("i4.npy")] } })).toEqual([
      { x: [1, 2, 3], y: -7 },
      { x: [4, 5, 6.5], y: 8 },
    ]);
    expect(await columns({ kind: "npy", arrays: { a: [ref("i4.npy"), ref("u1.npy")] } })).toHaveLength(5);
    const uneven = columns({ kind: "npy", arrays: { x: [ref("f4.npy")], y: [ref("u1.npy")] } });
    await expect(uneven).rejects.toThrow("3 records, but f4.npy has 2");
  });

  it("says what it cannot read", async () => {
    npy("fortran.npy", "<f4", "1, 1", Float32Array.of(1), "'fortran_order': True");
    npy("complex.npy", "<c8", "1,", Float32Array.of(1, 2));
    npy("short.npy", "<f8", "9,", Float64Array.of(1));
    npy("scalar.npy", "<f8", "", Float64Array.of(1));
    writeFileSync(join(dir, "text.npy"), "1, 2, 3, and so on");
    for (const [name, message] of [
      ["fortran", "its first index runs fastest"],
      ["complex", "of a kind that is not read"],
      ["short", "the file ends before its [9] numbers do"],
      ["scalar", "it is a single number"],
      ["text", "the file is no NumPy array"],
    ])
      await expect(columns({ kind: "npy", arrays: { a: [ref(`${name}.npy`)] } })).rejects.toThrow(message);
  });

  it("trains a model", async () => {
    const source = `model m {
  input x : [3]
  random y
  param w : [3] ~ normal(0, 1)
  y ~ normal(dot(w, x), 1)
  data { train = npy(x = "f4.npy", y = "i4.npy") }
  train { steps = 3 }
}`;
    const network = await instantiate(compile(source, { file: join(dir, "m.rcv") }), { backend: "cpu" });
    expect((await network.fit()).step).toBe(3);
    network.dispose();
  });
});

/** The compact protocol of Thrift, as far as metadata need it: [field id, type, value]. */
type Field = readonly [number, "i32" | "i64" | "text" | "struct" | "structs" | "texts" | "i32s", unknown];
const varint = (n: number): number[] => (n < 128 ? [n] : [(n % 128) + 128, ...varint(Math.floor(n / 128))]);
const zigzag = (n: number): number[] => varint(n < 0 ? -2 * n - 1 : 2 * n);
const text = (s: string): number[] => [...varint(Buffer.byteLength(s)), ...Buffer.from(s)];
const list = (type: number, items: readonly number[][]): number[] => [
  ...(items.length < 15 ? [(items.length << 4) | type] : [0xf0 | type, ...varint(items.length)]),
  ...items.flat(),
];
const types = { i32: 5, i64: 6, text: 8, struct: 12, structs: 9, texts: 9, i32s: 9 };
function struct(fields: readonly Field[]): number[] {
  let last = 0;
  const out = fields.flatMap(([id, type, value]) => {
    const head = ((id - last) << 4) | types[type];
    last = id;
    const body = {
      i32: () => zigzag(value as number),
      i64: () => zigzag(value as number),
      text: () => text(value as string),
      struct: () => struct(value as Field[]),
      structs: () => list(12, (value as Field[][]).map(struct)),
      texts: () => list(8, (value as string[]).map(text)),
      i32s: () => list(5, (value as number[]).map(zigzag)),
    }[type]();
    return [head, ...body];
  });
  return [...out, 0];
}

/** Required columns of one row group, plain encoding. `codec`: 0 none, 2 gzip. */
function parquet(
  path: string,
  columns: Readonly<Record<string, readonly (number | bigint | string)[]>>,
  codec: 0 | 2,
): void {
  const rows = Object.values(columns)[0]?.length ?? 0;
  const parts: Buffer[] = [Buffer.from("PAR1")];
  const size = (): number => parts.reduce((n, p) => n + p.length, 0);
  const schema: Field[][] = [
    [
      [4, "text", "root"],
      [5, "i32", Object.keys(columns).length],
    ],
  ];
  const chunks: Field[][] = [];
  for (const [name, values] of Object.entries(columns)) {
    const [first] = values;
    const type = typeof first === "bigint" ? 2 : typeof first === "number" ? 5 : 6;
    const plain = Buffer.concat(
      values.map((v) => {
        const b = Buffer.alloc(8);
        if (typeof v === "string")
          return Buffer.concat([Buffer.from(Uint32Array.of(Buffer.byteLength(v)).buffer), Buffer.from(v)]);
        if (typeof v === "bigint") b.writeBigInt64LE(v);
        else b.writeDoubleLE(v);
        return b;
      }),
    );
    const packed = codec === 2 ? gzipSync(plain) : plain;
    const offset = size();
    const page: Field[] = [
      [1, "i32", rows],
      [2, "i32", 0],
      [3, "i32", 3],
      [4, "i32", 3],
    ];
    const header = struct([
      [1, "i32", 0],
      [2, "i32", plain.length],
      [3, "i32", packed.length],
      [5, "struct", page],
    ]);
    parts.push(Buffer.from(header), packed);
    schema.push([[1, "i32", type], [3, "i32", 0], [4, "text", name], ...(type === 6 ? [[6, "i32", 0] as Field] : [])]);
    const total = size() - offset;
    const meta: Field[] = [
      [1, "i32", type],
      [2, "i32s", [0]],
      [3, "texts", [name]],
      [4, "i32", codec],
      [5, "i64", rows],
      [6, "i64", total],
      [7, "i64", total],
      [9, "i64", offset],
    ];
    chunks.push([
      [2, "i64", offset],
      [3, "struct", meta],
    ]);
  }
  const group: Field[] = [
    [1, "structs", chunks],
    [2, "i64", size()],
    [3, "i64", rows],
  ];
  const footer = Buffer.from(
    struct([
      [1, "i32", 1],
      [2, "structs", schema],
      [3, "i64", rows],
      [4, "structs", [group]],
    ]),
  );
  writeFileSync(
    join(dir, path),
    Buffer.concat([...parts, footer, Buffer.from(Uint32Array.of(footer.length).buffer), Buffer.from("PAR1")]),
  );
}

describe("parquet", () => {
  const table = { n: [1n, -2n, 3n], x: [0.5, 1.5, -2.25], s: ["one", "zwei", "três"] };
  const expected = table.n.map((n, i) => ({ n: Number(n), x: table.x[i], s: table.s[i] }));

  it.each([
    ["plain", 0],
    ["gzip", 2],
  ] as const)("%s", async (name, codec) => {
    parquet(`${name}.parquet`, table, codec);
    expect(await columns({ kind: "parquet", files: [ref(`${name}.parquet`)] })).toEqual(expected);
  });

  it("says what it cannot read", async () => {
    writeFileSync(join(dir, "no.parquet"), "this is a text and nothing else");
    await expect(columns({ kind: "parquet", files: [ref("no.parquet")] })).rejects.toThrow("cannot be read as Parquet");
  });
});
