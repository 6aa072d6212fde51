// `GET /flotilla/join/…`: what a machine needs to become a node by itself. Everybody may read the script: it holds what
// cluster-info holds, and hashes. The programs are for who has a bootstrap token.
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

const download = ({ stream }: Download): ApiResponse => ({
  code: 200,
  stream: stream(),
  contentType: 'application/octet-stream',
})

/** @param load gives the source when it is wanted */
export const joinPaths = (load: () => Promise<JoinSource>): PathHandler[] => [
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
]
