// How port-forwards ask their cluster: as whoever the cluster knows us, with its CA pinned.
import { WebSocket } from 'ws'
import { ApiError } from '../../shared/machinery/status.ts'
import type { ApiForwarder } from './api-forwarder.ts'
import type { AccessSource } from './clusters/access.ts'
import type { ForwardApi } from './port-forwards.ts'

export const forwardApi = (source: AccessSource, forwarder: Pick<ApiForwarder, 'forward'>): ForwardApi => ({
  async get(path) {
    const request = new Request('app://flotilla/', { headers: { accept: 'application/json' } })
    const answer = await forwarder.forward(path, request)
    const body: unknown = await answer.json()
    if (!answer.ok) throw ApiError.from(body as ApiError['status'])
    return body
  },
  async open(path, protocols) {
    const to = await source.get()
    if (!to) throw new Error('the control plane is not running')
    const { tls, headers } = to
    return new WebSocket(to.server.replace(/^http/, 'ws') + path, [...protocols], { ...tls, headers })
  },
})
