// postStart and preStop.
import type { Container, LifecycleHandler } from '../../../shared/api/core/v1.ts'
import { type Clock, delay } from '../../../shared/machinery/clock.ts'
import type { ContainerRuntime } from '../runtime/contract.ts'
import { runCommand } from './exec.ts'
import { httpGet, httpTarget, isPlainHttp } from './http.ts'
import { portOf } from './ports.ts'
import { connectTcp } from './tcp.ts'
import { countable } from '../../../shared/machinery/seconds.ts'

export interface HookTarget {
  readonly container: Container
  readonly containerId: string
  readonly podIP: string
}

/** @throws Error when the hook fails or does not end within `timeoutMs` */
export async function runHook(
  handler: LifecycleHandler,
  { container, containerId, podIP }: HookTarget,
  { runtime, clock, timeoutMs }: { runtime: ContainerRuntime; clock: Clock; timeoutMs: number },
): Promise<void> {
  if (handler.exec) {
    const command = handler.exec.command ?? []
    const { exitCode, output } = await runCommand(runtime, containerId, command, timeoutMs)
    if (exitCode !== 0) throw new Error(`command '${command.join(' ')}' exited with ${exitCode}: ${output.trim()}`)
  } else if (handler.httpGet) {
    const target = httpTarget(handler.httpGet, podIP, portOf(container, handler.httpGet.port), 'kube-lifecycle/1.36')
    // Whatever it answers: it was asked.
    await httpGet(target, timeoutMs).catch((error: unknown) => {
      if (!isPlainHttp(error)) throw error
      return httpGet({ ...target, scheme: 'http' }, timeoutMs)
    })
  } else if (handler.tcpSocket) {
    await connectTcp(handler.tcpSocket.host || podIP, portOf(container, handler.tcpSocket.port), timeoutMs)
  } else if (handler.sleep) {
    await delay(clock, Math.min(countable(handler.sleep.seconds) * 1000, timeoutMs))
  }
}
