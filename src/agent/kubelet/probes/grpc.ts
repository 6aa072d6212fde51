// The gRPC health-checking protocol. The library is loaded when the first such probe runs.
import type { ProbeOutcome } from './outcome.ts'

const METHOD = '/grpc.health.v1.Health/Check'
const SERVING = 1
const STATUS_NAMES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']

/** HealthCheckRequest { string service = 1 }: the only field, so that the encoder fits here. */
function encodeRequest(service: string): Buffer {
  if (service === '') return Buffer.alloc(0)
  const name = Buffer.from(service)
  const length: number[] = []
  let rest = name.length
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128)
  return Buffer.concat([Buffer.from([0x0a, ...length, rest]), name])
}

/** HealthCheckResponse { ServingStatus status = 1 }; absent = UNKNOWN. */
const decodeResponse = (bytes: Buffer): number => (bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0)

/** @see https://github.com/grpc/grpc/blob/master/doc/health-checking.md */
export async function checkGrpc(host: string, port: number, service: string, timeoutMs: number): Promise<ProbeOutcome> {
  const { Client, credentials } = await import('@grpc/grpc-js')
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const client = new Client(address, credentials.createInsecure(), { 'grpc.primary_user_agent': 'kube-probe/1.36' })
  try {
    const status = await new Promise<number>((resolve, reject) => {
      const options = { deadline: Date.now() + timeoutMs }
      client.makeUnaryRequest(METHOD, encodeRequest, decodeResponse, service, options, (error, value) => {
        if (error) reject(error)
        else resolve(value ?? 0)
      })
    })
    const healthy = status === SERVING
    return {
      healthy,
      output: `service ${healthy ? 'healthy' : 'unhealthy'} (responded with "${STATUS_NAMES[status] ?? status}")`,
    }
  } finally {
    client.close()
  }
}
