// `POST /apis/flotilla.dev/v1/storeoperations` with `{"operation": …}`: the store's operations on a running server, for
// the command line. The answer is a line of JSON an event; the last one is the result or the error.
import { badRequest } from '../../../shared/machinery/status.ts'
import { StoreError } from '../../store/contract.ts'
import { isOperation, type OperationEvent, operations, type StoreParts } from '../../store/operations/operations.ts'
import type { SubresourceHandler } from './contract.ts'

const LINES_AT_ONCE = 64

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
    const name = typeof body === 'object' && body !== null && 'operation' in body ? body.operation : undefined
    if (!isOperation(name)) throw badRequest(`operation must be one of ${Object.keys(operations).join(', ')}`)
    return { code: 200, stream: encode(operations[name](parts)), contentType: 'application/jsonl' }
  },
})

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
