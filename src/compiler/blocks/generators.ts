/** The built-in generators of synthetic records: their options and columns. The runtime makes the records. */

export interface GeneratorOption {
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly integer: boolean;
  readonly description: string;
}

export interface GeneratorInfo {
  readonly description: string;
  readonly columns: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, GeneratorOption>>;
}

const option = (
  description: string,
  standard: number,
  minimum: number,
  maximum: number,
  integer = true,
): GeneratorOption => ({ default: standard, minimum, maximum, integer, description });

const seed = option("Another seed gives other records.", 1, 0, Number.MAX_SAFE_INTEGER);
const noise = (standard: number) =>
  option("Standard deviation of the normal noise added to every number.", standard, 0, 10, false);

export const generators = {
  addition: {
    description: "Sums of two numbers of up to `digits` digits, all questions distinct.",
    columns: { question: "`23+58`", answer: "`81`" },
    options: {
      digits: option("Most digits of a number.", 2, 1, 7),
      count: option("Records.", 9000, 1, 1_000_000),
      seed,
    },
  },
  arithmetic: {
    description:
      "Expressions of digits, `+`, `-` and `*`, modulo `modulus`, as trees: operands before operators, the first before " +
      "the second, all distinct.",
    columns: {
      parents: "the parent of each node, -1 for the root, which is the last",
      token: "a digit or an operator per node",
      value: "what each node is worth, a digit",
    },
    options: {
      depth: option("Most operators from the root to a digit; there is at least one.", 4, 1, 12),
      modulus: option("Digits are below it.", 5, 2, 10),
      count: option("Records.", 5000, 1, 500_000),
      seed,
    },
  },
  dates: {
    description: "Dates of 1950 to 2049 as people write them, all distinct and unambiguous, and in ISO 8601.",
    columns: { human: "`tue 3 mar 2015`", iso: "`2015-03-03`" },
    options: { count: option("Records.", 20_000, 1, 500_000), seed },
  },
  motion: {
    description:
      "Films of one shape (square, cross or disc) that moves by one pixel a frame and now and then turns or stands. " +
      "The direction of a frame is how the shape came there from the frame before; the first is `still`.",
    columns: {
      x: "frames × size × size × 1 numbers",
      y: "a direction per frame: `up`, `down`, `left`, `right`, `still`",
    },
    options: {
      frames: option("Frames of a film.", 12, 1, 1000),
      size: option("Height and width of a frame, in pixels.", 12, 7, 256),
      count: option("Records.", 2000, 1, 100_000),
      noise: noise(0.1),
      seed,
    },
  },
  wave: {
    description: "A waveform sampled at regular times: a sum of three sinusoids, within -1 and 1 but for the noise.",
    columns: { s: "length numbers" },
    options: {
      length: option("Samples of a waveform.", 200, 1, 1_000_000),
      count: option("Records; each has its own periods and phases.", 1, 1, 100_000),
      noise: noise(0),
      seed,
    },
  },
} as const satisfies Readonly<Record<string, GeneratorInfo>>;

export type GeneratorName = keyof typeof generators;
export type GeneratorOptions<Name extends GeneratorName> = Readonly<
  Record<keyof (typeof generators)[Name]["options"], number>
>;
