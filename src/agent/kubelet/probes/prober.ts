// Probes the containers of one pod, each probe on its own schedule, and keeps their verdicts.
import type { Container, Pod, Probe } from '../../../shared/api/core/v1.ts'
import type { EventRecorder } from '../../../shared/client/events.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import { containerReference } from '../references.ts'
import type { ContainerRuntime, RuntimePod } from '../runtime/contract.ts'
import { allContainers } from '../spec/containers.ts'
import { checkOnce } from './check.ts'
import { firstWaitMs, nextTick } from './ticks.ts'

export type ProbeKind = 'startup' | 'liveness' | 'readiness'

export interface ProberOptions {
  readonly runtime: ContainerRuntime
  readonly recorder: EventRecorder
  readonly clock: Clock
  /** In [0, 1): spreads the first probes after a restart of the agent. */
  readonly random: () => number
  /** A verdict changed: the pod wants to be looked at. */
  readonly onChange: () => void
  readonly onResult: (container: string, kind: ProbeKind, healthy: boolean) => void
}

interface RunningProbe {
  readonly kind: ProbeKind
  /** Undefined until the thresholds are met for the first time. */
  verdict: boolean | undefined
  cancel: () => void
}

const probeOf = (container: Container, kind: ProbeKind): Probe | undefined =>
  kind === 'startup' ? container.startupProbe : kind === 'liveness' ? container.livenessProbe : container.readinessProbe
const periodMsOf = (probe: Probe): number => (probe.periodSeconds ?? 10) * 1000
const TITLE: Readonly<Record<ProbeKind, string>> = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' }

export class Prober {
  readonly #options: ProberOptions
  /** By container id, then kind. */
  readonly #probes = new Map<string, Map<ProbeKind, RunningProbe>>()
  #pod: Pod
  #podIP = ''

  constructor(pod: Pod, options: ProberOptions) {
    this.#pod = pod
    this.#options = options
  }

  /**
   * Starts probes of containers that run, ends those of containers that do not.
   * @param knownReady whether a container that an earlier agent process probed was ready
   */
  update(pod: Pod, runtime: RuntimePod, podIP: string, knownReady: (containerId: string) => boolean): void {
    this.#pod = pod
    this.#podIP = podIP
    const specs = new Map(allContainers(pod).map(container => [container.name, container]))
    const alive = new Set<string>()
    for (const container of runtime.containers) {
      const spec = specs.get(container.name)
      if (container.state !== 'running' || !spec) continue
      alive.add(container.id)
      if (!this.#probes.has(container.id))
        this.#begin(spec, container.id, Date.parse(container.startedAt ?? ''), knownReady(container.id))
    }
    for (const id of this.#probes.keys()) if (!alive.has(id)) this.#end(id)
  }

  #begin(spec: Container, id: string, startedAtMs: number, wasReady: boolean): void {
    const probes = new Map<ProbeKind, RunningProbe>()
    this.#probes.set(id, probes)
    for (const kind of ['startup', 'liveness', 'readiness'] as const) {
      const probe = probeOf(spec, kind)
      if (!probe) continue
      const verdict = kind === 'liveness' || wasReady ? true : kind === 'readiness' ? false : undefined
      const running: RunningProbe = { kind, verdict, cancel: () => undefined }
      probes.set(kind, running)
      const { clock, random } = this.#options
      const ageMs = clock.now() - startedAtMs
      const initialDelayMs = (probe.initialDelaySeconds ?? 0) * 1000
      const waitMs = firstWaitMs({ ageMs, initialDelayMs, periodMs: periodMsOf(probe), random })
      this.#schedule(spec, id, probe, running, clock.monotonic() + waitMs, { good: 0, bad: 0 })
    }
  }

  #schedule(
    spec: Container,
    id: string,
    probe: Probe,
    running: RunningProbe,
    atMs: number,
    counts: { good: number; bad: number },
  ): void {
    const { clock } = this.#options
    running.cancel = clock.after(Math.max(0, atMs - clock.monotonic()), () => {
      void this.#run(spec, id, probe, running, counts).then(periodMs => {
        if (periodMs !== undefined && this.#probes.get(id)?.get(running.kind) === running)
          this.#schedule(spec, id, probe, running, nextTick(atMs, periodMs, clock.monotonic()), counts)
      })
    })
  }

  /** @returns how long after this run began the next one is due; undefined = never */
  async #run(
    spec: Container,
    id: string,
    probe: Probe,
    running: RunningProbe,
    counts: { good: number; bad: number },
  ): Promise<number | undefined> {
    const { runtime, recorder, onChange } = this.#options
    const periodMs = periodMsOf(probe)
    // Until the container has started, only its startup probe runs. Looked at more often than the period, so that
    // the others follow at once.
    if (running.kind !== 'startup' && this.started(id) === false) return Math.min(periodMs, 250)
    if (running.kind === 'startup' && running.verdict === true) return undefined
    const outcome = await checkOnce(runtime, probe, { container: spec, containerId: id, podIP: this.#podIP })
    if (this.#probes.get(id)?.get(running.kind) !== running) return undefined
    const tell = (reason: string, what: string) => {
      const message = `${TITLE[running.kind]} probe ${what}: ${outcome.output}`
      recorder.event(containerReference(this.#pod, spec.name), 'Warning', reason, message)
    }
    if (outcome.unknown) {
      tell('Unhealthy', 'errored and resulted in unknown state')
      return periodMs
    }
    this.#options.onResult(spec.name, running.kind, outcome.healthy)
    counts.good = outcome.healthy ? counts.good + 1 : 0
    counts.bad = outcome.healthy ? 0 : counts.bad + 1
    if (!outcome.healthy) tell('Unhealthy', 'failed')
    else if (outcome.warning) tell('ProbeWarning', 'warning')
    const decided = outcome.healthy
      ? counts.good >= (probe.successThreshold ?? 1)
      : counts.bad >= (probe.failureThreshold ?? 3)
    if (decided && running.verdict !== outcome.healthy) {
      running.verdict = outcome.healthy
      onChange()
    }
    if (running.kind === 'startup' && running.verdict === true) return undefined
    // A container that is about to be killed is not probed for liveness again.
    if (running.kind !== 'readiness' && running.verdict === false) return undefined
    return periodMs
  }

  failed(id: string): 'liveness' | 'startup' | undefined {
    const probes = this.#probes.get(id)
    if (probes?.get('startup')?.verdict === false) return 'startup'
    return probes?.get('liveness')?.verdict === false ? 'liveness' : undefined
  }
  /** @returns undefined when the container has no readiness probe */
  ready(id: string): boolean | undefined {
    const probe = this.#probes.get(id)?.get('readiness')
    return probe && probe.verdict === true
  }
  /** @returns undefined when the container has no startup probe */
  started(id: string): boolean | undefined {
    const probe = this.#probes.get(id)?.get('startup')
    return probe && probe.verdict === true
  }

  #end(id: string): void {
    for (const probe of this.#probes.get(id)?.values() ?? []) probe.cancel()
    this.#probes.delete(id)
  }
  /** Readiness goes on while a pod ends; the others would only restart what is to stop. */
  stop(kinds: readonly ProbeKind[] = ['startup', 'liveness', 'readiness']): void {
    for (const [id, probes] of this.#probes) {
      for (const kind of kinds) {
        probes.get(kind)?.cancel()
        if (kind !== 'readiness') probes.delete(kind)
      }
      if (kinds.includes('readiness')) this.#probes.delete(id)
    }
  }
}
