// /statusz and /flagz: how long this server has run, as what, and with which flags. For people as text; for programs, who
// ask by `Accept: application/json;g=config.k8s.io;v=v1beta1;as=Statusz`, as an object.
import { notAcceptable, parseAccept } from '../representation/negotiate.ts'
import type { PathHandler } from '../chain/router.ts'
import { KUBERNETES_VERSION } from '../discovery/version.ts'
import { toYaml } from '../http/to-yaml.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'

interface Page {
  readonly path: string
  readonly kind: string
  /** What stands beside the name. */
  facts(): object
  /** Name and value, a line each. */
  lines(): readonly (readonly [string, string])[]
}

const COMPONENT = 'apiserver'
const GROUP = 'config.k8s.io'
/** The value says whether clients are warned that it is deprecated. */
const VERSIONS: ReadonlyMap<string, boolean> = new Map([
  ['v1alpha1', true],
  ['v1beta1', false],
])
const STRUCTURED = new Set(['application/json', 'application/yaml'])
const SUPPORTED = [...STRUCTURED, 'text/plain']
const WARNING =
  'This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.'
/** What has a use beside looking for faults. */
const NOT_FOR_DEBUGGING = new Set(['api', 'apis', 'openid', 'openapi', '.well-known'])

interface Wanted {
  readonly version: string
  readonly type: string
}

/** @returns what the client takes first; undefined is text. @throws ApiError 406 */
function wanted(accept: string | undefined, kind: string): Wanted | undefined {
  if (accept === undefined || accept.trim() === '') return undefined
  for (const { type, parameters } of parseAccept(accept)) {
    const [as, version = ''] = [parameters.get('as'), parameters.get('v')]
    if (as === undefined && (type === 'text/plain' || type === 'text/*' || type === '*/*')) return undefined
    if (as !== kind || parameters.get('g') !== GROUP || !VERSIONS.has(version)) continue
    if (STRUCTURED.has(type)) return { version, type }
    if (type === 'application/*' || type === '*/*') return { version, type: 'application/json' }
  }
  throw notAcceptable(SUPPORTED)
}

async function answer(page: Page, request: ApiRequest): Promise<ApiResponse> {
  const structured = wanted(request.headers.accept, page.kind)
  const name = page.path.slice(1)
  if (!structured) {
    const lines = page.lines().map(([key, value]) => `${key}: ${value}\n`)
    const body = `\n${COMPONENT} ${name}\nWarning: ${WARNING}\n\n${lines.join('')}`
    return { code: 200, bytes: Buffer.from(body), contentType: 'text/plain; charset=utf-8' }
  }
  const { version, type } = structured
  if (VERSIONS.get(version))
    request.warn(`This version of the ${name} endpoint is deprecated. Please use a newer version.`)
  const told = {
    kind: page.kind,
    apiVersion: `${GROUP}/${version}`,
    metadata: { name: COMPONENT },
    ...page.facts(),
  }
  const text = type === 'application/yaml' ? await toYaml(told) : JSON.stringify(told)
  return { code: 200, bytes: Buffer.from(text), contentType: type }
}

/** The first part of every path that is for looking for faults. */
const foldersOf = (paths: readonly string[]): string[] =>
  [...new Set(paths.map(path => path.split('/')[1] ?? ''))]
    .filter(folder => folder !== '' && !NOT_FOR_DEBUGGING.has(folder))
    .map(folder => `/${folder}`)
    .sort()

/** In hours, minutes and seconds. */
function uptime(seconds: number): string {
  const two = (value: number) => String(value % 60).padStart(2, '0')
  return `${Math.floor(seconds / 3600)} hr ${two(Math.floor(seconds / 60))} min ${two(seconds)} sec`
}

/**
 * @param flags what the server was started with
 * @param paths everything that the server has
 */
export function zpages(flags: Readonly<Record<string, string>>, paths: () => readonly string[]): PathHandler[] {
  const version = KUBERNETES_VERSION.split('.').slice(0, 2).join('.')
  const running = () => {
    const uptimeSeconds = Math.floor(process.uptime())
    const startTime = new Date(Math.floor(performance.timeOrigin / 1000) * 1000).toISOString().replace('.000Z', 'Z')
    return { startTime, uptimeSeconds, paths: foldersOf(paths()) }
  }
  const statusz: Page = {
    path: '/statusz',
    kind: 'Statusz',
    facts() {
      const { paths, ...times } = running()
      return { ...times, goVersion: '', binaryVersion: version, emulationVersion: version, paths }
    },
    lines() {
      const { startTime, uptimeSeconds, paths } = running()
      return [
        ['Started', startTime],
        ['Up', uptime(uptimeSeconds)],
        ['Binary version', version],
        ['Emulation version', version],
        ['Paths', paths.join(' ')],
      ]
    },
  }
  const flagz: Page = {
    path: '/flagz',
    kind: 'Flagz',
    facts: () => ({ flags }),
    lines: () => Object.entries(flags).sort(([a], [b]) => (a < b ? -1 : 1)),
  }
  return [statusz, flagz].map(page => ({ path: page.path, handle: request => answer(page, request) }))
}
