import type { CstNode, IToken } from "chevrotain";
import { tokenEnd } from "../../../grammar/tokens.js";
import type { Span } from "./ast.js";

export function tokenSpan(token: IToken): Span {
  return { start: token.startOffset, end: tokenEnd(token) };
}

export function nodeSpan(node: CstNode): Span {
  const { location } = node;
  if (location?.endOffset === undefined) throw new Error(`tree: the node ${node.name} has no place`);
  return { start: location.startOffset, end: location.endOffset + 1 };
}

export function join(a: Span, b: Span): Span {
  return { start: a.start, end: b.end };
}

/** The child that the grammar promises. */
export function first<T>(children: readonly T[] | undefined): T {
  const child = children?.[0];
  if (child === undefined) throw new Error("tree: a child is missing that the grammar promises");
  return child;
}
