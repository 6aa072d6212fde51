// `POST /apis/flotilla.dev/v1/hostoperations/<name>/answers`: what a person answers to a prompt of an operation. The
// answer goes from here to the running operation in memory; it is never stored, logged or shown.
import { ApiError, badRequest } from '../../../../shared/machinery/status.ts'
import type { SubresourceHandler } from '../contract.ts'

/**
 * @param operation the operation's name
 * @returns false when no such prompt waits
 */
export type TakeAnswer = (operation: string, promptId: string, answer: string) => boolean

const LONGEST_BODY = 16 << 10

/** Never with the body in it: it holds a password. */
const malformed = () => badRequest('the body wants {"prompt": "<id>", "answer": "…"}')

export const hostOperationAnswers = (take: TakeAnswer): SubresourceHandler => ({
  group: 'flotilla.dev',
  version: 'v1',
  resource: 'hostoperations',
  subresource: 'answers',
  namespaced: false,
  kind: { group: 'flotilla.dev', version: 'v1', kind: 'HostOperationAnswer' },
  methods: { POST: 'create' },
  async handle(request) {
    const { prompt, answer } = parse(await request.rawBody())
    if (!take(request.info.name, prompt, answer))
      throw new ApiError(409, 'Conflict', `no prompt ${JSON.stringify(prompt)} of this operation waits for an answer`)
    return {
      code: 201,
      object: { apiVersion: 'flotilla.dev/v1', kind: 'HostOperationAnswer', metadata: {} } as never,
    }
  },
})

function parse(body: Buffer): { prompt: string; answer: string } {
  if (body.length > LONGEST_BODY) throw malformed()
  let json: unknown
  try {
    json = JSON.parse(body.toString('utf8'))
  } catch {
    throw malformed()
  }
  const { prompt, answer } = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>
  if (typeof prompt !== 'string' || typeof answer !== 'string') throw malformed()
  return { prompt, answer }
}
