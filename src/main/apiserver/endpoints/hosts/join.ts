// `GET /flotilla/join/…`: what a machine needs to become a node by itself. Everybody may read the script: it holds what
// cluster-info holds, and hashes. The programs are for who has a bootstrap token.
import { Node } from '../../../../shared/api/core/v1.ts'
import type { Client } from '../../../../shared/client/client.ts'
import { dns1123Subdomain } from '../../../../shared/machinery/names.ts'
import { ApiError, isNotFound } from '../../../../shared/machinery/status.ts'
import { type PathHandler, unknownPath } from '../../chain/router.ts'
import type { ApiResponse } from '../../request.ts'

interface Download {
  readonly bytes: number
  stream(): AsyncIterable<Buffer>
}

export interface JoinSource {
  script(): Promise<string>
  agent(): Promise<Download>
  runtime(architecture: string, format: string): Promise<Download | undefined>
}

const RUNTIME = '/flotilla/join/runtime/'
/** Then the name of a node and the machine-id of who wants it. */
const NAME = '/flotilla/join/name/'

const download = ({ stream }: Download): ApiResponse => ({
  code: 200,
  stream: stream(),
  contentType: 'application/octet-stream',
})

/**
 * @param load gives the source when it is wanted
 * @param client may read nodes
 */
export const joinPaths = (load: () => Promise<JoinSource>, client: () => Pick<Client, 'get'>): PathHandler[] => [
  {
    path: '/flotilla/join/script',
    handle: async () => ({
      code: 200,
      bytes: Buffer.from(await (await load()).script()),
      contentType: 'text/x-shellscript',
    }),
  },
  { path: '/flotilla/join/agent', handle: async () => download(await (await load()).agent()) },
  {
    path: `${RUNTIME}*`,
    async handle({ info }) {
      const [architecture = '', format = ''] = info.path.slice(RUNTIME.length).split('/')
      const found = await (await load()).runtime(architecture, format)
      if (!found) throw unknownPath()
      return download(found)
    },
  },
  {
    path: `${NAME}*`,
    async handle({ info }) {
      const [name = '', machineID = ''] = info.path.slice(NAME.length).split('/')
      if (dns1123Subdomain(name).length > 0) throw unknownPath()
      const node = await client().get(Node, { name }).catch(ifFound)
      const theirs = node?.status.nodeInfo?.machineID
      if (theirs && theirs !== machineID)
        throw new ApiError(409, 'Conflict', `another machine is already the node ${name}`)
      return { code: 200, bytes: Buffer.from(`${name}\n`), contentType: 'text/plain' }
    },
  },
]

function ifFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error
}
