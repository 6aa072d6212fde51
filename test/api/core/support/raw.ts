// Plain HTTPS requests against the test server, as any program would send them.
import type { IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { TestApiServer } from '../../../support/api-server.ts'

/** JSON whose shape the test asserts: as loose as what the parser gives. */
export type AnyJson = ReturnType<typeof JSON.parse>

export interface RawOptions {
  readonly method?: string
  /** An object is sent as JSON; a string or Buffer as it is. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** `admin` (default): the admin's client certificate. `none`: no certificate. */
  readonly as?: 'admin' | 'none' | { readonly certPem: string; readonly keyPem: string }
}

export interface RawAnswer {
  readonly code: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  readonly text: string
  /** The body as JSON. */
  readonly json: AnyJson
}

export function raw(server: TestApiServer, path: string, options: RawOptions = {}): Promise<RawAnswer> {
  const { method = options.body === undefined ? 'GET' : 'POST', as = 'admin', body } = options
  const identity = as === 'admin' ? server.pki.admin : as === 'none' ? undefined : as
  const bytes =
    body === undefined ? undefined : Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      `${server.url}${path}`,
      {
        method,
        ca: server.pki.caPem,
        // The certificate is checked for this name, whatever the Host header says.
        servername: 'localhost',
        ...(identity ? { cert: identity.certPem, key: identity.keyPem } : {}),
        headers: {
          ...(bytes === undefined ? {} : { 'content-type': 'application/json' }),
          // Node sends no length with DELETE by itself.
          ...(bytes === undefined || options.headers?.['transfer-encoding']
            ? {}
            : { 'content-length': String(Buffer.byteLength(bytes)) }),
          ...options.headers,
        },
        agent: false,
      },
      response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const all = Buffer.concat(chunks)
          const text = all.toString('utf8')
          resolve({
            code: response.statusCode ?? 0,
            headers: response.headers,
            bytes: all,
            text,
            get json() {
              return JSON.parse(text) as AnyJson
            },
          })
        })
      },
    )
    request.on('error', reject)
    request.end(bytes)
  })
}

export const configMap = (name: string, extra: Record<string, unknown> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { key: 'value' },
  ...extra,
})

export const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
export const PODS = '/api/v1/namespaces/default/pods'

export const pod = (name: string, extra: Record<string, unknown> = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...(extra.metadata as object | undefined) },
  spec: { containers: [{ name: 'main', image: 'example.test/app:1' }], ...(extra.spec as object | undefined) },
})
