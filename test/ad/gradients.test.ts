import { describe, expect, it } from "vitest";
import { cases } from "../support/cases.js";
import { mismatches } from "../support/gradients.js";

describe("gradients of whole systems against central differences, after every pass and as scheduled", () => {
  it.each(Object.entries(cases))("%s", (_, make) => {
    expect(mismatches(make()).slice(0, 5)).toEqual([]);
  });
});
