/** Where the nodes and edges of trees and graphs lie in a padded batch: level by level, as plans want them. */
import { levelsOf } from "../../src/compiler/system/axes.js";
import { axisOf, type System, type Value } from "../../src/compiler/system/types.js";
import { type Environment, Evaluator } from "../../src/compiler/targets/reference/evaluator.js";

export interface TestLayout {
  /** By axis: how many places each level has. */
  readonly widths: Readonly<Record<string, readonly number[]>>;
  /** By axis, for each sample: the place of each index. */
  readonly places: Readonly<Record<string, readonly (readonly number[])[]>>;
}

/** `extra`: places of each level beyond the widest sample's. */
export function layoutOf(system: System, env: Environment, extra = 0): TestLayout {
  const widths: Record<string, number[]> = {};
  const places: Record<string, number[][]> = {};
  const evaluator = new Evaluator(system, env);
  const families = new Set([...system.axes.values()].flatMap((a) => a.family ?? []));
  for (const family of families) {
    const axes = [...system.axes.values()].filter((a) => a.family === family).map((a) => a.id);
    const levels = (axis: string): number[][] =>
      Array.from({ length: env.batch }, (_, b) =>
        levelsOf(
          system,
          axis,
          (id, i) => Number(env.given(id, [b, i])[0]),
          (id) => evaluator.extent(id, { "#": b }),
        ),
      );
    const depth = Math.max(0, ...levels(family).flat()) + 1;
    for (const axis of axes) {
      const own = levels(axis);
      widths[axis] = Array.from(
        { length: depth },
        (_, l) =>
          Math.max(...own.map((all) => all.filter((x) => x === l).length)) + (axis !== family && l === 0 ? 0 : extra),
      );
      const starts = widths[axis].map((_, l) => (widths[axis] as number[]).slice(0, l).reduce((a, b) => a + b, 0));
      places[axis] = own.map((all) =>
        all.map((l, i) => (starts[l] as number) + all.slice(0, i).filter((x) => x === l).length),
      );
    }
  }
  return { widths, places };
}

/** The index of a sample that lies at a place; −1 on padding. Other axes lie as they are. */
export const ownIndex = ({ places }: TestLayout, axis: string, b: number, place: number): number =>
  places[axis]?.[b]?.indexOf(place) ?? place;

/** An entry of a map, as a plan wants it. */
export function placed(layout: TestLayout, system: System, v: Value, b: number, target: number): number {
  const family = v.id.slice(0, v.id.lastIndexOf("."));
  const isMap = axisFamily(system, family) && /\.(child|parent|up|root)$/.test(v.id);
  return isMap && target >= 0 ? (layout.places[family]?.[b]?.[target] as number) : target;
}

const axisFamily = (system: System, id: string): boolean => system.axes.has(id) && axisOf(system, id).family === id;
