// An error from the start of the control plane, by what can be done about it.
import type { StartProblem } from '../../preload/channels.ts'

const textOf = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error))

/** The codes of an error and of what caused it. */
function* codes(error: unknown): Generator<string> {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') yield at.code
    yield at.name
  }
}

interface Rule {
  readonly kind: StartProblem['kind']
  /** Codes and names of the errors that mean this. */
  readonly codes: readonly string[]
}

const rules: readonly Rule[] = [
  { kind: 'port-in-use', codes: ['ListenError', 'EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES'] },
  { kind: 'data-folder-locked', codes: ['Locked'] },
  { kind: 'data-folder-newer', codes: ['NewerFormat'] },
  { kind: 'store-damaged', codes: ['Corrupt', 'Unfinished'] },
  { kind: 'moved', codes: ['MovedError'] },
  { kind: 'store-failed', codes: ['Unavailable'] },
]

/** What an encrypted store wants, by the kind of the key that opens it. */
function keyKind(error: unknown): StartProblem['kind'] | undefined {
  const [code] = codes(error)
  if (code !== 'KeyNeeded' && code !== 'WrongKey') return undefined
  if ((error as { opensWith?: string }).opensWith !== 'passphrase') return 'key-needed'
  return code === 'KeyNeeded' ? 'passphrase-needed' : 'passphrase-wrong'
}

/** Names the problem, so that the window can tell it and offer a way out, beside the error's own words. */
export function startProblem(error: unknown): StartProblem {
  const message = error instanceof Error ? error.message : String(error)
  const found = new Set(codes(error))
  const kind = keyKind(error) ?? rules.find(rule => rule.codes.some(code => found.has(code)))?.kind ?? 'other'
  return { kind, message, detail: textOf(error) }
}
