// One run of one probe.
import type { Container, Probe } from '../../../shared/api/core/v1.ts'
import { runCommand } from '../lifecycle/exec.ts'
import { httpGet, httpTarget } from '../lifecycle/http.ts'
import { portOf } from '../lifecycle/ports.ts'
import { connectTcp } from '../lifecycle/tcp.ts'
import type { ContainerRuntime } from '../runtime/contract.ts'
import { checkGrpc } from './grpc.ts'

export interface ProbeOutcome {
  readonly healthy: boolean
  /** Healthy, but the user should know of something. */
  readonly warning?: boolean
  readonly output: string
}

export interface ProbeTarget {
  readonly container: Container
  readonly containerId: string
  readonly podIP: string
}

/** Never throws: what goes wrong is a failed probe. */
export async function checkOnce(runtime: ContainerRuntime, probe: Probe, target: ProbeTarget): Promise<ProbeOutcome> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000
  try {
    return await check(runtime, probe, target, timeoutMs)
  } catch (error) {
    return { healthy: false, output: (error as Error).message }
  }
}

async function check(
  runtime: ContainerRuntime,
  probe: Probe,
  { container, containerId, podIP }: ProbeTarget,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  if (probe.exec) {
    const { exitCode, output } = await runCommand(runtime, containerId, probe.exec.command ?? [], timeoutMs)
    return { healthy: exitCode === 0, output }
  }
  if (probe.httpGet) {
    const target = httpTarget(probe.httpGet, podIP, portOf(container, probe.httpGet.port), 'kube-probe/1.36')
    const { status, body } = await httpGet(target, timeoutMs).catch((error: Error) => {
      const url = `${target.scheme}://${target.host}:${target.port}${target.path}`
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
    await connectTcp(probe.tcpSocket.host || podIP, portOf(container, probe.tcpSocket.port), timeoutMs)
    return { healthy: true, output: '' }
  }
  if (probe.grpc) return checkGrpc(podIP, probe.grpc.port, probe.grpc.service ?? '', timeoutMs)
  return { healthy: true, output: '' }
}
