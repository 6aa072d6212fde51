// What a line of a log is made of: the kubelet's time, the text, its level.

/** The kubelet puts the time before each line when it is asked for timestamps. */
export function splitTimestamp(line: string): { time: string; text: string } {
  const space = line.indexOf(' ')
  const time = space > 0 ? line.slice(0, space) : ''
  return /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(time)
    ? { time, text: line.slice(space + 1) }
    : { time: '', text: line }
}

/** From worst to least. */
export const LEVELS = ['error', 'warning', 'info', 'debug'] as const
export type Level = (typeof LEVELS)[number]

const WORDS: readonly (readonly [RegExp, Level])[] = [
  [/^(?:e|err|error|fatal|f|crit|critical|panic|alert|emerg|emergency|severe)$/, 'error'],
  [/^(?:w|warn|warning)$/, 'warning'],
  [/^(?:i|info|information|notice)$/, 'info'],
  [/^(?:d|debug|trace|verbose|fine)$/, 'debug'],
]
const levelOf = (word: string): Level | undefined => WORDS.find(([words]) => words.test(word.toLowerCase()))?.[1]

/** Pino's and bunyan's numbers. */
const levelOfNumber = (level: number): Level =>
  level >= 50 ? 'error' : level >= 40 ? 'warning' : level >= 30 ? 'info' : 'debug'

const FIELD = /["']?\b(?:level|lvl|severity|loglevel)["']?\s*[:=]\s*["']?([A-Za-z]+|\d{2})\b/i
/** klog: `E0102 03:04:05.678901       1 file.go:12] text`. */
const KLOG = /^([IWEF])\d{4} \d\d:\d\d:\d\d/
/** `[error]`, `ERROR:`, `2026-01-02 03:04:05 WARN text`: in brackets, or in capitals. */
const BRACKETS = /[[<(]([A-Za-z]{4,11})[\])>]/
const CAPITALS = /\b(FATAL|PANIC|CRITICAL|CRIT|ERROR|ERR|SEVERE|WARNING|WARN|NOTICE|INFO|DEBUG|TRACE)\b/
const LOOKED_AT = 240

/** How serious a line says it is, in the ways that programs usually say it. */
export function levelOfLine(line: string): Level | undefined {
  const text = line.slice(0, LOOKED_AT)
  const klog = KLOG.exec(text)?.[1]
  if (klog) return levelOf(klog)
  const field = FIELD.exec(text)?.[1]
  if (field) return /^\d/.test(field) ? levelOfNumber(Number(field)) : levelOf(field)
  const bracket = BRACKETS.exec(text)?.[1]
  return (bracket && levelOf(bracket)) || levelOf(CAPITALS.exec(text)?.[1] ?? '')
}
