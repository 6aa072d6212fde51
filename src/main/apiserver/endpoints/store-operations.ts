// `POST /apis/flotilla.dev/v1/storeoperations` with `{"operation": …}`: the store's operations on a running server, for
// the command line. The answer is a line of JSON an event; the last one is the result or the error.
import { badRequest } from '../../../shared/machinery/status.ts'
import { StoreError } from '../../store/contract.ts'
import { KEY_BYTES } from '../../store/encryption/envelope.ts'
import type { MasterSecret } from '../../store/encryption/master-key.ts'
import {
  adoptEncryptionKey,
  isOperation,
  type OperationEvent,
  operations,
  type StoreParts,
} from '../../store/operations/operations.ts'
import type { SubresourceHandler } from './contract.ts'

const LINES_AT_ONCE = 64
export const ADOPT_KEY = 'adopt-encryption-key'

interface Asked {
  readonly operation?: unknown
  readonly secret?: unknown
}

/** Whoever may create `storeoperations` sees every Secret of the cluster: only cluster admins do. */
export const storeOperations = (parts: StoreParts): SubresourceHandler => ({
  group: 'flotilla.dev',
  version: 'v1',
  resource: 'storeoperations',
  subresource: '',
  namespaced: false,
  kind: { group: 'flotilla.dev', version: 'v1', kind: 'StoreOperation' },
  methods: { POST: 'create' },
  hidden: true,
  longRunning: true,
  async handle(request) {
    const body = await request.body()
    const { operation: name, secret } = (typeof body === 'object' && body !== null ? body : {}) as Asked
    const events =
      name === ADOPT_KEY
        ? adoptEncryptionKey(parts, parseSecret(secret))
        : isOperation(name)
          ? operations[name](parts)
          : undefined
    if (!events) throw badRequest(`operation must be one of ${[...Object.keys(operations), ADOPT_KEY].join(', ')}`)
    return { code: 200, stream: encode(events), contentType: 'application/jsonl' }
  },
})

/** @returns the secret of an operation that wants one: `{"passphrase": …}`, or `{"key": …}` in base64 */
function parseSecret(given: unknown): MasterSecret {
  const { passphrase, key } = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>
  if (typeof passphrase === 'string' && passphrase !== '') return { kind: 'passphrase', passphrase }
  const bytes = Buffer.from(typeof key === 'string' ? key : '', 'base64')
  if (bytes.length === KEY_BYTES) return { kind: 'key', key: bytes }
  throw badRequest(`secret must hold a passphrase, or a key of ${KEY_BYTES} bytes in base64`)
}

/** A line of JSON an event; what goes wrong is the last one. */
export async function* encode(events: AsyncIterable<OperationEvent>): AsyncGenerator<string, void> {
  let lines: string[] = []
  try {
    for await (const event of events) {
      lines.push(JSON.stringify(event))
      if (lines.length < LINES_AT_ONCE && (event.type === 'record' || event.type === 'history')) continue
      yield `${lines.join('\n')}\n`
      lines = []
    }
  } catch (error) {
    const code = error instanceof StoreError ? error.code : 'Unavailable'
    const failed: OperationEvent = { type: 'error', code, message: (error as Error).message }
    yield `${[...lines, JSON.stringify(failed)].join('\n')}\n`
  }
}
