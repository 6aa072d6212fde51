// `POST /apis/flotilla.dev/v1/controlplanemoves`: how the command line takes the cluster away from this server.
// `{"action":"begin","id","to","servers"}` answers with everything, a line of JSON an event, and holds writes back until
// the answer's reader goes away or the same with `"action":"commit"` decides.
import { badRequest } from '../../../shared/machinery/status.ts'
import { isObject } from '../../../shared/machinery/json-object.ts'
import type { Departure, Destination } from '../../move/departure.ts'
import type { SubresourceHandler } from './contract.ts'
import { encode } from './store-operations.ts'

/** Whoever may create `controlplanemoves` sees every Secret and ends this server: only cluster admins do. */
export const controlPlaneMoves = (departure: Departure): SubresourceHandler => ({
  group: 'flotilla.dev',
  version: 'v1',
  resource: 'controlplanemoves',
  subresource: '',
  namespaced: false,
  kind: { group: 'flotilla.dev', version: 'v1', kind: 'ControlPlaneMove' },
  methods: { POST: 'create' },
  hidden: true,
  longRunning: true,
  async handle(request) {
    const body = await request.body()
    if (!isObject(body)) throw badRequest('a move has an action')
    const { action } = body
    const destination = destinationOf(body)
    if (action === 'begin') {
      const events = departure.begin(destination, request.signal)
      return { code: 200, stream: encode(events), contentType: 'application/jsonl' }
    }
    if (action !== 'commit') throw badRequest('action must be begin or commit')
    await departure.commit(destination.id)
    return { code: 200, bytes: Buffer.from(JSON.stringify({ moved: destination.id })), contentType: 'application/json' }
  },
})

function destinationOf({ id, to, servers = [] }: Record<string, unknown>): Destination {
  if (typeof id !== 'string' || !/^[0-9a-f-]{36}$/.test(id)) throw badRequest('id must be a UUID')
  if (typeof to !== 'string' || to.length > 300) throw badRequest('to must be a text')
  if (!Array.isArray(servers) || !servers.every(url => typeof url === 'string'))
    throw badRequest('servers must be URLs')
  return { id, to, servers }
}
