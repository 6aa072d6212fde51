// Who this node is towards the API server, and which authority the two share.
import { readFileSync } from 'node:fs'

export interface NodeTls {
  /** PEM. */
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export const readTls = (files: { caFile: string; certFile: string; keyFile: string }): NodeTls => ({
  ca: readFileSync(files.caFile, 'utf8'),
  cert: readFileSync(files.certFile, 'utf8'),
  key: readFileSync(files.keyFile, 'utf8'),
})
