// An error from the start of the control plane, in words and with a way out.
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
  /** Where the error's own words are for a terminal. */
  readonly say?: string
}

const rules: readonly Rule[] = [
  {
    kind: 'port-in-use',
    codes: ['ListenError', 'EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES'],
    say: 'Another program listens on this address, or it cannot be used. Choose another port, or end the other program.',
  },
  {
    kind: 'data-folder-locked',
    codes: ['Locked'],
    say: 'Another Flotilla uses this data folder. End it there, or choose another folder.',
  },
  { kind: 'data-folder-newer', codes: ['NewerFormat'] },
  { kind: 'store-damaged', codes: ['Corrupt', 'Unfinished'] },
  { kind: 'moved', codes: ['MovedError'] },
  { kind: 'store-failed', codes: ['Unavailable'] },
]

/** What an encrypted store wants, by the kind of the key that opens it. */
function keyProblem(error: unknown): Pick<StartProblem, 'kind' | 'message'> | undefined {
  const [code] = codes(error)
  if (code !== 'KeyNeeded' && code !== 'WrongKey') return undefined
  if ((error as { opensWith?: string }).opensWith !== 'passphrase')
    return {
      kind: 'key-needed',
      message:
        "The Secrets of this cluster are encrypted with a key that this computer's keychain does not hold. " +
        'Start Flotilla with --encryption-key-file, or choose another folder.',
    }
  return code === 'KeyNeeded'
    ? { kind: 'passphrase-needed', message: 'The Secrets of this cluster are encrypted. Its passphrase opens it.' }
    : { kind: 'passphrase-wrong', message: 'That is not the passphrase of this cluster. Nothing was changed.' }
}

/** Names the problem; what is not known is told as it is. */
export function startProblem(error: unknown): StartProblem {
  const message = error instanceof Error ? error.message : String(error)
  const detail = textOf(error)
  const key = keyProblem(error)
  if (key) return { ...key, detail }
  const found = new Set(codes(error))
  const rule = rules.find(each => each.codes.some(code => found.has(code)))
  return { kind: rule?.kind ?? 'other', message: rule?.say ?? message, detail }
}
