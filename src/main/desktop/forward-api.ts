// How port-forwards ask their cluster: as whoever the cluster knows us, with its CA pinned.
import { ApiError } from '../../shared/machinery/status.ts'
import type { ApiForwarder } from './api-forwarder.ts'
import { type AccessSource, openWebSocket } from './clusters/access.ts'
import type { ForwardApi } from './port-forwards.ts'

export const forwardApi = (source: AccessSource, forwarder: Pick<ApiForwarder, 'forward'>): ForwardApi => ({
  async get(path) {
    const request = new Request('app://flotilla/', { headers: { accept: 'application/json' } })
    const answer = await forwarder.forward(path, request)
    const body: unknown = await answer.json()
    if (!answer.ok) throw ApiError.from(body as ApiError['status'])
    return body
  },
  open: (path, protocols) => openWebSocket(source, path, protocols),
})
