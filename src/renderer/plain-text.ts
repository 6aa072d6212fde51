// What others wrote, as text alone: nothing in it steers a terminal or turns the direction of writing.

// Written as strings, since eslint would rather have no control characters in patterns. No part can match what another
// begins with, so a hostile line takes no longer than any other.
const CSI = '(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*[@-~]'
/** Titles, links, clipboards: to their end, or to the next escape. */
const STRING =
  '(?:\\u001b[\\]PX^_]|[\\u009d\\u0090\\u0098\\u009e\\u009f])[^\\u0007\\u001b\\u009c]*(?:\\u0007|\\u001b\\\\|\\u009c)?'
const OTHER = '\\u001b[ -/]*[0-~]?'
const CONTROL = '[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]'
const ESCAPES = new RegExp(`${CSI}|${STRING}|${OTHER}|${CONTROL}`, 'g')
const HAS_ESCAPES = new RegExp(CONTROL)
/** Characters that turn the direction of writing, so that a line reads as another than it is. */
const DIRECTION = '[\\u202a-\\u202e\\u2066-\\u2069]'
const DIRECTIONS = new RegExp(DIRECTION, 'g')

/** What a text that is edited must keep, and may not obey. */
export const STEERING = new RegExp(`${CONTROL}|${DIRECTION}`, 'gu')

/** Colours, cursor movements and the like mean nothing here; the text does. */
export function plainText(text: string): string {
  const plain = HAS_ESCAPES.test(text) ? text.replace(ESCAPES, '') : text
  return plain.replace(DIRECTIONS, '\ufffd')
}
