// What is printed may come from others: names, reasons, what programs of hosts said. Nothing in it steers the terminal or
// turns the direction of writing; it is shown instead, in a way that leaves JSON what it is.

// Written as strings, since eslint would rather have no control characters in patterns. Tabs and line feeds may stay.
const STEERING = new RegExp(
  '[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]',
  'g',
)

export const shown = (text: string): string =>
  text
    .replaceAll('\r\n', '\n')
    .replace(STEERING, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Of all that the commands print. */
export function showWhatSteers(): void {
  for (const method of ['log', 'error'] as const) {
    const print = console[method].bind(console)
    console[method] = (...values: unknown[]) =>
      print(...values.map(value => (typeof value === 'string' ? shown(value) : value)))
  }
}
