/** How each op looks in the language. What has no sign or word of its own there prints as a call of its name. */
import type { OpName } from "../ops/index.js";
import type { Expr } from "../syntax/ast.js";
import type { Attrs } from "../system/types.js";
import {
  binary,
  call,
  choice,
  concat,
  indexed,
  list,
  name,
  negative,
  number,
  plus,
  string,
  times,
  transpose,
} from "./tree.js";

export interface Written {
  readonly op: OpName;
  readonly attrs: Attrs;
  readonly args: readonly Expr[];
  readonly shape: readonly number[];
  /** Where a variable of the equation is, in the variables of the line. */
  readonly position: (slot: string) => Expr;
  /** The variable of a softmax over an axis. */
  readonly along: string | null;
}

/** These take one number for a whole tensor, so `fill(s, …)` may be written `s` in them. */
export const elementwise: ReadonlySet<string> = new Set<OpName>([
  "add",
  "mul",
  "div",
  "pow",
  "mod",
  "maximum",
  "minimum",
  "where",
  "less",
  "lessEqual",
  "equal",
]);

/** What passes its argument's shape on, and so does not ask whether it is a number or a tensor. */
export const transparent: ReadonlySet<string> = new Set<OpName>(["id", "affine", "mask", "toFloat"]);

export function writeOp(written: Written): Expr {
  const { op, attrs, args, shape } = written;
  const arg = (i: number): Expr => {
    const found = args[i];
    if (found === undefined) throw new Error(`print: ${op} lacks argument ${i}`);
    return found;
  };
  switch (op) {
    case "id":
    case "toFloat":
    case "toInt":
    case "mask":
      return arg(0);
    case "add":
      return plus(args);
    case "mul":
      return times(args);
    case "affine":
      return affine(Number(attrs["a"]), Number(attrs["b"]), arg(0));
    case "div":
      return binary("/", arg(0), arg(1));
    case "pow":
      return binary("^", arg(0), arg(1));
    case "mod":
      return binary("mod", arg(0), arg(1));
    case "less":
      return binary("<", arg(0), arg(1));
    case "lessEqual":
      return binary("<=", arg(0), arg(1));
    case "equal":
      return binary("==", arg(0), arg(1));
    case "maximum":
      // The floor under a logsumexp only says that exp(−∞ + ∞) is 0.
      return isFloor(arg(1)) ? arg(0) : call("max", args);
    case "minimum":
      return call("min", args);
    case "where":
      return choice(arg(0), arg(1), arg(2));
    case "scale":
      return times(args);
    case "mv":
    case "mm":
    case "col":
      return binary("@", arg(0), arg(1));
    case "mvT":
      return binary("@", transpose(arg(0)), arg(1));
    case "outer":
    case "putCol":
      return binary("@", arg(0), transpose(arg(1)));
    case "transpose":
      return transpose(arg(0));
    case "concat":
      return concat(args);
    case "sumf":
      return call("sum", args);
    case "lsef":
      return call("logsumexp", args);
    case "maxf":
      return call("max", args);
    case "diagonal":
      return call("diag", args);
    case "eye":
      return call("eye", [number(Number(attrs["n"]))]);
    case "choose":
      return call("choose", args);
    case "argmaxf":
      return call("argmax", args);
    case "softmaxAlong":
    case "firstMaxAlong":
      return call(op === "softmaxAlong" ? "softmax" : "firstmax", args, { over: along(written) });
    case "beam":
      return call("beam", args, { over: along(written) });
    case "linearAlong":
      return call("recurrence", args, { over: along(written) });
    case "fill":
      return shape.length === 0 ? arg(0) : call("fill", [arg(0), shapeList(shape)]);
    case "const":
      return shape.length === 0
        ? number(Number(attrs["value"]))
        : call("fill", [number(Number(attrs["value"])), shapeList(shape)]);
    case "token":
      return token(attrs);
    case "only":
      return call("only", [arg(0), binary("==", written.position(String(attrs["slot"])), arg(1))]);
    case "index":
      return written.position(String(attrs["slot"]));
    case "extent":
      return name(String(attrs["axis"]));
    case "pick":
      return indexed(arg(0), arg(1)) ?? call("pick", args);
    case "put":
      return put(arg(0), arg(1), shape);
    case "xent":
      return crossEntropy(arg(0), arg(1));
    case "xentGrad":
      return plus([call("softmax", [arg(0)]), negative(call("onehot", [arg(1)]))]);
    case "reshape":
      return shape.length === 1 ? call("flatten", args) : call("reshape", [...args, shapeList(shape)]);
    case "abs":
    case "cos":
    case "exp":
    case "floor":
    case "log":
    case "relu":
    case "sigmoid":
    case "sign":
    case "sin":
    case "softplus":
    case "sqrt":
    case "stop":
    case "tanh":
    case "dot":
    case "centre":
    case "inverseRms":
    case "solve":
    case "logdet":
    case "diag":
    case "range":
    case "softmax":
    case "slice":
    case "pad":
    case "draw":
    case "conv2d":
    case "conv2dInput":
    case "conv2dFilter":
    case "maxpool":
    case "maxpoolGrad":
    case "maxpoolPick":
    case "avgpool":
    case "avgpoolGrad":
      return call(op, args, { named: options(attrs) });
  }
}

/** A token as it was written; one that is only known by its number is a number. */
function token({ value, text }: Written["attrs"]): Expr {
  if (typeof text !== "string") return number(Number(value));
  const special = /^<(BOS|EOS|UNK)>$/.exec(text)?.[1];
  return special === undefined ? string(text) : name(special);
}

const shapeList = (shape: readonly number[]) => list(shape.map(number));

const isFloor = (expr: Expr) => expr.kind === "number" && expr.value <= -1e30;

function along({ op, along: variable }: Written): string[] {
  if (variable === null) throw new Error(`print: ${op} lacks the variable that it runs along`);
  return [variable];
}

/** a·x + b */
function affine(a: number, b: number, x: Expr): Expr {
  const scaled = a === 1 ? x : a === -1 ? negative(x) : times([number(a), x]);
  return b === 0 ? scaled : a < 0 ? plus([number(b), scaled]) : plus([scaled, number(b)]);
}

/** x as entry i among zeros: a multiple of the one-hot vector. */
function put(x: Expr, i: Expr, shape: readonly number[]): Expr {
  const onehot = call("onehot", [i]);
  if (shape.length === 1) return times([x, onehot]);
  return shape.length === 2 ? binary("@", onehot, transpose(x)) : call("put", [x, i]);
}

/** −log softmax(z)[y] = logsumexp(z) − z[y], where z has a name to index. */
function crossEntropy(z: Expr, y: Expr): Expr {
  const entry = indexed(z, y);
  return entry === undefined ? call("xent", [z, y]) : plus([call("logsumexp", [z]), negative(entry)]);
}

function options(attrs: Attrs): Record<string, Expr> {
  return Object.fromEntries(
    Object.entries(attrs).map(([key, value]): [string, Expr] => {
      if (typeof value === "number") return [key, number(value)];
      if (Array.isArray(value))
        return [key, list(value.map((item) => (typeof item === "number" ? number(item) : name(String(item)))))];
      return [key, name(String(value))];
    }),
  );
}
