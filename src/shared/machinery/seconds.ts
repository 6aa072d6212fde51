// Seconds of 64 bits, as fields of built-in kinds may have them.

/** As many as Go's durations hold, some 292 years. */
export const LONGEST_SECONDS = 9_223_372_036

/** @returns a number to calculate with: what is longer than the longest is as long */
export const countable = (seconds: number | bigint): number =>
  Math.max(-LONGEST_SECONDS, Math.min(LONGEST_SECONDS, Number(seconds)))
