// The way to a cluster through the proxy that its kubeconfig names: a tunnel by HTTP's CONNECT or by SOCKS 5, in which
// TLS then goes on to the cluster itself.
// @see https://datatracker.ietf.org/doc/html/rfc1928, https://datatracker.ietf.org/doc/html/rfc1929
import { request as requestByHttp } from 'node:http'
import { request as requestByHttps } from 'node:https'
import { type Socket, connect, isIPv6 } from 'node:net'
import { parseIP } from '../../../shared/machinery/ip-address.ts'
import { hostOf } from '../../../shared/machinery/url-host.ts'

const TIMEOUT_MS = 30_000

/** What kubectl takes, and the name is always the proxy's to resolve. */
const SCHEMES = new Set(['http:', 'https:', 'socks5:', 'socks5h:'])

/** @throws Error, in a sentence, when it is no proxy known here */
export function parseProxy(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !SCHEMES.has(url.protocol) || !url.hostname)
    throw new Error('the proxy-url is none of http, https and socks5')
  return url
}

const login = ({ username, password }: URL) =>
  username ? { name: decodeURIComponent(username), password: decodeURIComponent(password) } : undefined

/** @returns a connection to the host, made by the proxy. @throws Error, in a sentence, when the proxy makes none */
export const throughProxy = (proxy: URL, host: string, port: number): Promise<Socket> =>
  proxy.protocol.startsWith('socks5')
    ? bySocks(proxy, hostOf({ hostname: host }), port)
    : byConnect(proxy, hostOf({ hostname: host }), port)

function byConnect(proxy: URL, host: string, port: number): Promise<Socket> {
  const target = `${isIPv6(host) ? `[${host}]` : host}:${port}`
  const known = login(proxy)
  const credentials = known && Buffer.from(`${known.name}:${known.password}`).toString('base64')
  const request = (proxy.protocol === 'https:' ? requestByHttps : requestByHttp)({
    method: 'CONNECT',
    host: hostOf(proxy),
    port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
    path: target,
    headers: { host: target, ...(credentials ? { 'proxy-authorization': `Basic ${credentials}` } : {}) },
    agent: false,
    timeout: TIMEOUT_MS,
  })
  return new Promise((resolve, reject) => {
    request.on('connect', ({ statusCode = 0, statusMessage = '' }, socket: Socket) => {
      if (statusCode >= 200 && statusCode < 300) return resolve(socket.setTimeout(0))
      socket.destroy()
      reject(new Error(`the proxy refuses: ${statusCode} ${statusMessage}`))
    })
    // Who answers with a page instead is no proxy.
    request.on('response', response => {
      response.destroy()
      reject(new Error(`the proxy refuses: ${response.statusCode ?? 0}`))
    })
    request.on('timeout', () => request.destroy(new Error('it says nothing')))
    request.on('error', error => reject(new Error(`the proxy does not answer: ${error.message}`)))
    request.end()
  })
}

const VERSION = 5
const NO_LOGIN = 0
const BY_PASSWORD = 2
const PASSWORD_VERSION = 1
const CONNECT = 1
const [IPV4, NAME, IPV6] = [1, 3, 4] as const
const REFUSALS = [
  ...['', 'it failed', 'it is not allowed', 'the network cannot be reached', 'the host cannot be reached'],
  ...['the connection is refused', 'it took too long', 'it knows no such command', 'it knows no such address'],
]

const counted = (text: string): Buffer => {
  const bytes = Buffer.from(text)
  if (bytes.length === 0 || bytes.length > 255) throw new Error('a name or password is too long for the proxy')
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}
function addressBytes(host: string): Buffer {
  const address = parseIP(host)
  if (!address) return Buffer.concat([Buffer.from([NAME]), counted(host)])
  const [kind, digits] = address.family === 'IPv4' ? [IPV4, 8] : [IPV6, 32]
  return Buffer.concat([Buffer.from([kind]), Buffer.from(address.value.toString(16).padStart(digits, '0'), 'hex')])
}

/** Reads a handshake piece by piece; what comes after it stays in the socket. */
function reader(socket: Socket): (bytes: number) => Promise<Buffer> {
  return bytes =>
    new Promise((resolve, reject) => {
      const end = (done: () => void) => {
        socket.off('readable', look)
        socket.off('error', onError)
        socket.off('close', onClose)
        done()
      }
      const onError = (error: Error) => end(() => reject(error))
      const onClose = () => end(() => reject(new Error('it closed the connection')))
      const look = () => {
        const chunk = socket.read(bytes) as Buffer | null
        if (chunk?.length === bytes) end(() => resolve(chunk))
      }
      socket.on('readable', look)
      socket.on('error', onError)
      socket.on('close', onClose)
      look()
    })
}

async function bySocks(proxy: URL, host: string, port: number): Promise<Socket> {
  const socket = connect({ host: hostOf(proxy), port: Number(proxy.port || 1080), timeout: TIMEOUT_MS })
  socket.on('timeout', () => socket.destroy(new Error('it says nothing')))
  try {
    await shakeHands(socket, login(proxy), host, port)
    return socket.setTimeout(0)
  } catch (error) {
    socket.destroy()
    throw new Error(`the proxy does not answer: ${(error as Error).message}`, { cause: error })
  }
}

async function shakeHands(socket: Socket, known: ReturnType<typeof login>, host: string, port: number): Promise<void> {
  const read = reader(socket)
  const ways = known ? [NO_LOGIN, BY_PASSWORD] : [NO_LOGIN]
  socket.write(Buffer.from([VERSION, ways.length, ...ways]))
  const [version, way = 0xff] = await read(2)
  if (version !== VERSION) throw new Error('it speaks no SOCKS 5')
  if (way === BY_PASSWORD && known) {
    const said = [Buffer.from([PASSWORD_VERSION]), counted(known.name), counted(known.password)]
    socket.write(Buffer.concat(said))
    if ((await read(2))[1] !== 0) throw new Error('it does not take this login')
  } else if (way !== NO_LOGIN) throw new Error('it wants another login')
  const end = Buffer.from([port >> 8, port & 0xff])
  socket.write(Buffer.concat([Buffer.from([VERSION, CONNECT, 0]), addressBytes(host), end]))
  const [, refusal = 1, , kind] = await read(4)
  if (refusal !== 0) throw new Error(REFUSALS[refusal] ?? 'it refuses')
  const length = kind === IPV4 ? 4 : kind === IPV6 ? 16 : ((await read(1))[0] ?? 0)
  await read(length + 2)
}
