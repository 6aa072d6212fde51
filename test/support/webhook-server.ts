// A real webhook: an HTTPS server with a certificate of its own authority that answers AdmissionReviews and ConversionReviews.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { makeAuthority, makeLeaf } from '../../src/main/pki/certificates.ts'
import { encodeJson, parseJson } from '../../src/shared/machinery/json-text.ts'

/** JSON whose shape the test asserts. */
type AnyJson = ReturnType<typeof JSON.parse>

export interface WebhookCall {
  readonly path: string
  readonly httpVersion: string
  /** The review's `request`. */
  readonly request: AnyJson
}

/** What the webhook answers: a `response` without its uid; a number is a status code; a string is the body. */
export type WebhookAnswer = object | number | string

interface ConfiguredWebhook {
  readonly name: string
  readonly clientConfig: { readonly url: string; readonly caBundle: string }
  readonly sideEffects: string
  readonly admissionReviewVersions: string[]
}

export interface WebhookServer extends AsyncDisposable {
  readonly port: number
  /** Base64, as in a configuration. */
  readonly caBundle: string
  /** Its own certificate, the same way. */
  readonly ownBundle: string
  readonly calls: WebhookCall[]
  url(path: string): string
  /** What a configuration says of a webhook at the path, but for what it is called for. */
  webhook(path: string): ConfiguredWebhook
  /** Answers at a path from now on. */
  on(path: string, answer: (request: AnyJson) => WebhookAnswer | Promise<WebhookAnswer>): void
}

export const jsonPatch = (...operations: object[]) => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(encodeJson(operations)).toString('base64'),
})

/**
 * @param names DNS names of the certificate, besides 127.0.0.1
 * @param offers the protocols that it speaks
 */
export async function startWebhookServer(
  names: readonly string[] = [],
  host = '127.0.0.1',
  offers: 'HTTP/1.1' | 'HTTP/2' = 'HTTP/1.1',
): Promise<WebhookServer> {
  const nowMs = Date.now()
  const authority = await makeAuthority('webhook-ca', 1, nowMs)
  const { certPem, keyPem } = await makeLeaf(authority, {
    commonName: 'webhook',
    organizations: [],
    usage: 'server',
    dnsNames: [...names],
    ipAddresses: ['127.0.0.1'],
    days: 1,
    nowMs,
  })
  const answers = new Map<string, (request: AnyJson) => WebhookAnswer | Promise<WebhookAnswer>>()
  const calls: WebhookCall[] = []
  const secrets = { cert: certPem, key: keyPem }
  const server = offers === 'HTTP/2' ? createSecureServer(secrets) : createServer(secrets)
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const path = (incoming.url ?? '').split('?')[0] ?? ''
      const review = parseJson(Buffer.concat(chunks).toString()) as AnyJson
      calls.push({ path: incoming.url ?? '', httpVersion: incoming.httpVersion, request: review.request })
      void Promise.resolve(answers.get(path)?.(review.request) ?? 404).then(answer => {
        if (typeof answer === 'number') return void outgoing.writeHead(answer).end('no')
        if (typeof answer === 'string') return void outgoing.end(answer)
        const response = { uid: review.request.uid, ...answer }
        outgoing.end(encodeJson({ apiVersion: review.apiVersion, kind: review.kind, response }))
      })
    })
  })
  await new Promise<void>(resolve => server.listen(0, host, resolve))
  const { port } = server.address() as AddressInfo
  const url = (path: string) => `https://127.0.0.1:${port}${path}`
  const caBundle = Buffer.from(authority.certPem).toString('base64')
  return {
    port,
    caBundle,
    ownBundle: Buffer.from(certPem).toString('base64'),
    calls,
    url,
    webhook: path => ({
      name: `${path.slice(1)}.hooks.test`,
      clientConfig: { url: url(path), caBundle },
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    }),
    on: (path, answer) => answers.set(path, answer),
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
