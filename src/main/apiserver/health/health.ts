// /livez, /readyz and /healthz, whole, `?verbose`, or one check at `/readyz/<check>`; /metrics/slis counts their answers.
import type { ApiRequest, ApiResponse } from '../request.ts'
import { unknownPath, type PathHandler } from '../chain/router.ts'
import type { ObjectStore } from '../../store/contract.ts'
import { HealthSlis } from './slis.ts'

export interface HealthCheck {
  readonly name: string
  /** @returns undefined when all is well, else what is wrong */
  check(): string | undefined
}

/** A store that is full still answers, and lets delete. */
export const storeCheck = (store: ObjectStore, name: string): HealthCheck => ({
  name,
  check() {
    const { state, detail } = store.health()
    return state === 'ok' || state === 'no-space' ? undefined : `the store is ${state}: ${detail}`
  },
})

const text = (code: number, body: string): ApiResponse => ({
  code,
  bytes: Buffer.from(body),
  contentType: 'text/plain; charset=utf-8',
})

/** Makes a check, and counts how it ended. */
type Ask = (endpoint: string, check: HealthCheck) => string | undefined

function answer(endpoint: string, checks: readonly HealthCheck[], request: ApiRequest, ask: Ask): ApiResponse {
  const excluded = new Set(request.query.getAll('exclude'))
  const unknown = [...excluded].filter(name => !checks.some(check => check.name === name))
  const results = checks.map(check => ({
    name: check.name,
    problem: excluded.has(check.name) ? undefined : ask(endpoint, check),
  }))
  const failed = results.some(({ problem }) => problem !== undefined)
  if (!failed && !request.query.has('verbose')) return text(200, 'ok')
  const lines = results.map(({ name, problem }) =>
    problem !== undefined ? `[-]${name} failed: ${problem}` : `[+]${name} ${excluded.has(name) ? 'excluded: ' : ''}ok`,
  )
  if (unknown.length > 0) {
    const names = unknown.map(name => JSON.stringify(name)).join(',')
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`)
  }
  return text(failed ? 500 : 200, `${lines.join('\n')}\n${endpoint} check ${failed ? 'failed' : 'passed'}\n`)
}

export function healthHandlers(checks: Readonly<Record<string, readonly HealthCheck[]>>): PathHandler[] {
  const slis = new HealthSlis()
  const ask: Ask = (endpoint, { name, check }) => {
    const problem = check()
    slis.note(endpoint, name, problem === undefined)
    return problem
  }
  const endpoints = Object.entries(checks).flatMap(([endpoint, list]) => [
    { path: `/${endpoint}`, handle: async (request: ApiRequest) => answer(endpoint, list, request, ask) },
    {
      path: `/${endpoint}/*`,
      listed: () => list.map(({ name }) => `/${endpoint}/${name}`),
      handle: async (request: ApiRequest) => {
        const name = request.info.path.slice(endpoint.length + 2)
        const known = list.filter(check => check.name === name)
        if (known.length === 0) throw unknownPath()
        return answer(endpoint, known, request, ask)
      },
    },
  ])
  const metrics = {
    path: '/metrics/slis',
    async handle() {
      // Nobody may have asked for long: what is told is how things are now.
      for (const [endpoint, list] of Object.entries(checks)) for (const check of list) ask(endpoint, check)
      const { body, contentType } = await slis.text()
      return { code: 200, bytes: Buffer.from(body), contentType }
    },
  }
  return [...endpoints, metrics]
}
