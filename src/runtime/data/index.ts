/** From the data block of a spec to batches, and between a user's records and samples. */
export { makeBatch } from "./batch.js";
export { decodeTokens, type Encoder, encode, encoder } from "./encode.js";
export { DataError } from "./errors.js";
export { loadData } from "./load.js";
export { jsonRecords } from "./sources.js";
export type { Columns, DataOptions, Dataset, EncodeOptions, Files, SourceRecord, Split, Where } from "./types.js";
