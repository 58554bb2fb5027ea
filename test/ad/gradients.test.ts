import { describe, expect, it } from "vitest";
import { cases } from "../support/cases.js";
import { mismatches } from "../support/gradients.js";
import { structuredCases } from "../support/structured-cases.js";

describe("gradients of whole systems against central differences, after every pass and as scheduled", () => {
  it.each(Object.entries({ ...cases, ...structuredCases }))("%s", (_, make) => {
    expect(mismatches(make()).slice(0, 5)).toEqual([]);
  });
});
