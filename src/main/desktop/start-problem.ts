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

const rules: readonly {
  kind: StartProblem['kind']
  codes: readonly string[]
  text: RegExp
  say: (message: string) => string
}[] = [
  {
    kind: 'port-in-use',
    codes: ['EADDRINUSE', 'EACCES'],
    text: /EADDRINUSE|listen EACCES/,
    say: () =>
      'Another program listens on this port, or it may not be used. Choose another one, or end the other program.',
  },
  {
    kind: 'data-folder-locked',
    codes: ['LOCKED', 'DataDirLockedError', 'StoreLockedError'],
    text: /\b(locked|in use by|another (process|flotilla))\b/i,
    say: () => 'Another Flotilla uses this data folder. End it there, or choose another folder.',
  },
  {
    kind: 'data-folder-newer',
    codes: ['DataDirNewerError'],
    text: /newer (version|format|flotilla)|format version/i,
    say: message => message,
  },
  {
    kind: 'passphrase',
    codes: ['PASSPHRASE'],
    text: /passphrase/i,
    say: () => 'The store is encrypted. Its passphrase opens it.',
  },
  {
    kind: 'store-damaged',
    codes: ['CORRUPT', 'CorruptStoreError'],
    text: /corrupt|damaged|checksum|invalid record/i,
    say: message => message,
  },
]

/** Names the problem; what is not known is told as it is. */
export function startProblem(error: unknown): StartProblem {
  const message = error instanceof Error ? error.message : String(error)
  const detail = textOf(error)
  const found = new Set(codes(error))
  const rule =
    rules.find(each => each.codes.some(code => found.has(code))) ?? rules.find(({ text }) => text.test(message))
  return rule ? { kind: rule.kind, message: rule.say(message), detail } : { kind: 'other', message, detail }
}
