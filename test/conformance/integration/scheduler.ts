// Flotilla's scheduler as a client of the API server that a test has started, until it is killed.
import { Agent, fetch } from 'undici'
import { DEFAULT_PLUGINS } from '../../../src/main/scheduler/default-plugins.ts'
import { startScheduler } from '../../../src/main/scheduler/scheduler.ts'
import { parseSchedulerConfiguration } from '../../../src/main/scheduler/config/configuration.ts'
import { type Fetch, fetchTransport } from '../../../src/shared/client/fetch-transport.ts'
import { createClient } from '../../../src/shared/client/typed-client.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'

/** Of upstream's alpha; nothing is there. */
const ALPHA_POINTS = ['placementGenerate', 'placementScore']
const FOREIGN_ARGS = ['DynamicResources']
const known = new Set(['PrioritySort', ...DEFAULT_PLUGINS.map(({ name }) => name as string)])

interface Profile {
  readonly plugins?: Record<string, { enabled?: { name: string }[] }>
  pluginConfig?: { name: string }[]
}

interface Told {
  readonly url: string
  readonly token: string
  readonly ca: string
  readonly configuration: { readonly profiles?: readonly Profile[] }
}

/** What is named there because upstream has it by default, and Flotilla has not. */
function dropForeign(profile: Profile): void {
  for (const point of ALPHA_POINTS) delete profile.plugins?.[point]
  for (const set of Object.values(profile.plugins ?? {}))
    if (set.enabled) set.enabled = set.enabled.filter(({ name }) => known.has(name))
  profile.pluginConfig = profile.pluginConfig?.filter(({ name }) => !FOREIGN_ARGS.includes(name))
}

const { url, token, ca, configuration } = JSON.parse(process.argv[2] ?? '') as Told
configuration.profiles?.forEach(dropForeign)
const dispatcher = new Agent({ connect: { ca }, bodyTimeout: 0, headersTimeout: 0 })
/** undici takes no signal that Node 20 has made of others. */
const ofItsOwn = (signal: AbortSignal) => {
  const own = new AbortController()
  if (signal.aborted) own.abort(signal.reason)
  signal.addEventListener('abort', () => own.abort(signal.reason), { once: true })
  return own.signal
}
const transport = fetchTransport({
  fetch: ((target, { signal, ...init }) =>
    fetch(target, { ...init, ...(signal ? { signal: ofItsOwn(signal) } : {}), dispatcher })) as Fetch,
  baseUrl: url,
  headers: { Authorization: `Bearer ${token}` },
})
await startScheduler({
  client: createClient(transport),
  clock: systemClock,
  configuration: parseSchedulerConfiguration(configuration),
  onError: error => console.error('scheduling:', error),
})
