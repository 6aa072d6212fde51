// One run of one probe.
import type { Container, Probe } from '../../../shared/api/core/v1.ts'
import { runCommand } from '../lifecycle/exec.ts'
import { httpGet, httpTarget } from '../lifecycle/http.ts'
import { portOf } from '../lifecycle/ports.ts'
import { connectTcp } from '../lifecycle/tcp.ts'
import { type ContainerRuntime, RuntimeError } from '../runtime/contract.ts'
import { expand } from '../spec/expansion.ts'
import { checkGrpc } from './grpc.ts'
import type { ProbeOutcome } from './outcome.ts'

export interface ProbeTarget {
  readonly container: Container
  readonly containerId: string
  readonly podIP: string
}

/** What Docker says, by whatever runtime, in place of a command's output when it cannot be started. */
const NOT_STARTED = /^(?:OCI|runc|crun) .*exec failed/
const NOT_STARTED_CODES = new Set([126, 127])
const TRIES = 3

/** The probe could not be made. */
class ProbeError extends Error {
  override readonly name = 'ProbeError'
}

/** Never throws: what goes wrong is a failed probe, or one that could not be made in several tries. */
export async function checkOnce(runtime: ContainerRuntime, probe: Probe, target: ProbeTarget): Promise<ProbeOutcome> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000
  for (let tries = 1; ; tries++)
    try {
      return await check(runtime, probe, target, timeoutMs)
    } catch (error) {
      const output = (error as Error).message
      if (!(error instanceof ProbeError)) return { healthy: false, output }
      if (tries === TRIES) return { healthy: false, unknown: true, output }
    }
}

/** As the container's command knows them, references to other objects left out. */
const commandOf = ({ env = [] }: Container, command: readonly string[]): string[] => {
  const values = new Map(env.map(({ name, value = '' }) => [name, value]))
  return command.map(word => expand(word, name => values.get(name)))
}

async function checkCommand(
  runtime: ContainerRuntime,
  command: readonly string[],
  { container, containerId }: ProbeTarget,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  const ran = runCommand(runtime, containerId, commandOf(container, command), timeoutMs)
  const { exitCode, output } = await ran.catch((error: unknown) => {
    // The engine is away, or does not know the container any more.
    throw error instanceof RuntimeError ? new ProbeError(error.message) : error
  })
  if (NOT_STARTED_CODES.has(exitCode) && NOT_STARTED.test(output)) throw new ProbeError(output.trim())
  return { healthy: exitCode === 0, output }
}

/** @throws ProbeError when the container has no such port */
function numberOf(container: Container, port: string | number): number {
  try {
    return portOf(container, port)
  } catch (error) {
    throw new ProbeError((error as Error).message)
  }
}

async function check(
  runtime: ContainerRuntime,
  probe: Probe,
  target: ProbeTarget,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  const { container, podIP } = target
  if (probe.exec) return checkCommand(runtime, probe.exec.command ?? [], target, timeoutMs)
  if (probe.httpGet) {
    const page = httpTarget(probe.httpGet, podIP, numberOf(container, probe.httpGet.port), 'kube-probe/1.36')
    const { status, body } = await httpGet(page, timeoutMs).catch((error: Error) => {
      const url = `${page.scheme}://${page.host}:${page.port}${page.path}`
      throw new Error(
        `Get "${url}": ${error.name === 'TimeoutError' || error.name === 'AbortError' ? 'context deadline exceeded' : error.message}`,
      )
    })
    if (status >= 300 && status < 400)
      return { healthy: true, warning: true, output: `Probe terminated redirects, Response body: ${body}` }
    const healthy = status >= 200 && status < 300
    return { healthy, output: healthy ? body : `HTTP probe failed with statuscode: ${status}` }
  }
  if (probe.tcpSocket) {
    await connectTcp(probe.tcpSocket.host || podIP, numberOf(container, probe.tcpSocket.port), timeoutMs)
    return { healthy: true, output: '' }
  }
  if (probe.grpc) return checkGrpc(podIP, probe.grpc.port, probe.grpc.service ?? '', timeoutMs)
  return { healthy: true, output: '' }
}
