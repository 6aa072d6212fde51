// horizontal-pod-autoscaling: sets the number of replicas of a target by what is measured, every 15 seconds.
// @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
import {
  HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerCondition,
  type HorizontalPodAutoscalerStatus,
  type MetricStatus,
} from '../../../shared/api/autoscaling/v2.ts'
import { Pod } from '../../../shared/api/core/v1.ts'
import type { ObjectRef } from '../../../shared/client/client.ts'
import { keyOf } from '../../../shared/client/object-key.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  own,
  read,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import { type Clock, formatTime } from '../../../shared/machinery/clock.ts'
import { setCondition } from '../../../shared/machinery/conditions.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import { type LabelMatcher, parseLabelSelector } from '../../../shared/machinery/selectors.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { writeStatus } from '../support/write-status.ts'
import { type History, emptyHistory, normalize, rescaled } from './behavior.ts'
import { type Evaluated, MetricError, type Target, evaluateMetric } from './evaluate-metric.ts'
import { type ScaleTarget, readScale, writeScale } from './scale-target.ts'

type Context = ControllerContext
type Hpa = HorizontalPodAutoscaler

const EVERY_MS = 15_000
const DEFAULT_TOLERANCE = 0.1

const messageOf = (error: unknown) => (error as Error).message
const toleranceOf = (given: string | number | undefined) =>
  given === undefined ? DEFAULT_TOLERANCE : parseQuantity(given).milli() / 1000

/** What one pass finds out; written at its end, whatever happened. */
class Findings {
  conditions: readonly HorizontalPodAutoscalerCondition[]
  /** What could be measured, also where that is not enough to decide. */
  readonly metrics: MetricStatus[] = []
  readonly #now: string
  constructor(hpa: Hpa, clock: Clock) {
    this.conditions = hpa.status.conditions ?? []
    this.#now = formatTime(clock.now())
  }
  set(type: 'AbleToScale' | 'ScalingActive' | 'ScalingLimited', is: boolean, reason: string, message: string): void {
    const condition = { type, status: is ? 'True' : 'False', reason, message }
    this.conditions = setCondition<HorizontalPodAutoscalerCondition & { status: string }>(
      this.conditions,
      condition,
      this.#now,
    )
  }
}

export class HorizontalPodAutoscaling implements Reconciler<Hpa> {
  readonly name = 'horizontal-pod-autoscaling'
  readonly identity = 'horizontal-pod-autoscaler'
  readonly eventSource = 'horizontal-pod-autoscaler'
  readonly type = HorizontalPodAutoscaler
  readonly watches = [
    own(HorizontalPodAutoscaler, ({ type, object, old }) => type !== 'updated' || !deepEqual(object.spec, old?.spec)),
    read(Pod),
  ]
  readonly #histories = new Map<string, History>()
  /** The pods that each autoscaler's target selects. */
  readonly #selectors = new Map<string, { readonly namespace: string; readonly matcher: LabelMatcher }>()

  async reconcile(hpa: Hpa, context: Context): Promise<Result> {
    await this.#autoscale(hpa, context)
    return requeueAfter(EVERY_MS)
  }

  gone(ref: ObjectRef): undefined {
    this.#histories.delete(keyOf(ref))
    this.#selectors.delete(keyOf(ref))
    return undefined
  }

  async #autoscale(hpa: Hpa, context: Context): Promise<void> {
    const { client, clock, events } = context
    const { namespace } = hpa.metadata
    const findings = new Findings(hpa, clock)
    let target: ScaleTarget
    try {
      target = await readScale(client, namespace, hpa.spec.scaleTargetRef)
    } catch (error) {
      const why = messageOf(error)
      events.event(hpa, 'Warning', 'FailedGetScale', why)
      findings.set('AbleToScale', false, 'FailedGetScale', `the HPA controller was unable to get the target's current scale: ${why}`) // prettier-ignore
      await this.#write(hpa, context, findings, {})
      return
    }
    findings.set('AbleToScale', true, 'SucceededGetScale', "the HPA controller was able to get the target's current scale") // prettier-ignore
    const current = target.scale.spec?.replicas ?? 0
    // What is recommended begins with what is found first.
    this.#historyOf(hpa, current, clock.now())
    const decision = await this.#decide(hpa, target, context, findings)
    if (!decision) {
      const { desiredReplicas } = hpa.status
      const currentMetrics = findings.metrics
      await this.#write(hpa, context, findings, { currentReplicas: current, desiredReplicas, currentMetrics })
      return
    }
    const scaled = decision.replicas !== current && (await this.#rescale(hpa, target, decision, context, findings))
    await this.#write(hpa, context, findings, {
      currentReplicas: current,
      desiredReplicas: scaled ? decision.replicas : current,
      ...(decision.metrics ? { currentMetrics: decision.metrics } : {}),
      ...(scaled ? { lastScaleTime: formatTime(clock.now()) } : {}),
    })
  }

  /** @returns the number of replicas and why; undefined when it cannot be told */
  async #decide(
    hpa: Hpa,
    { scale }: ScaleTarget,
    context: Context,
    findings: Findings,
  ): Promise<{ replicas: number; why: string; metrics?: MetricStatus[] } | undefined> {
    const { minReplicas: min = 1, maxReplicas: max, behavior } = hpa.spec
    const current = scale.spec?.replicas ?? 0
    if (current === 0 && min !== 0) {
      findings.set('ScalingActive', false, 'ScalingDisabled', 'scaling is disabled since the replica count of the target is zero') // prettier-ignore
      return { replicas: 0, why: '' }
    }
    if (current > max) return { replicas: max, why: 'Current number of replicas above Spec.MaxReplicas' }
    if (current < min) return { replicas: min, why: 'Current number of replicas below Spec.MinReplicas' }
    const best = await this.#evaluate(hpa, scale, context, findings)
    if (!best) return undefined
    const nowMs = context.clock.now()
    const history = this.#historyOf(hpa, current, nowMs)
    const { replicas, ability, limit } = normalize({ current, desired: best.replicas, min, max, behavior, history, nowMs }) // prettier-ignore
    findings.set('AbleToScale', true, ability.reason, ability.message)
    findings.set('ScalingLimited', limit.limited, limit.reason, limit.message)
    const why = replicas > current ? `${best.name} above target` : 'All metrics below target'
    return { replicas, why, metrics: findings.metrics }
  }

  /** The metric that asks for most decides; one that fails must not make the target smaller. */
  async #evaluate(
    hpa: Hpa,
    scale: ScaleTarget['scale'],
    context: Context,
    findings: Findings,
  ): Promise<Evaluated | undefined> {
    const matcher = this.#selectorOf(hpa, scale, context, findings)
    if (!matcher) return undefined
    const { client, clock, events } = context
    const { namespace } = hpa.metadata
    const { scaleUp, scaleDown } = hpa.spec.behavior ?? {}
    const current = scale.spec?.replicas ?? 0
    const target: Target = {
      client,
      namespace,
      selector: matcher.format(),
      pods: context
        .lister(Pod)
        .list(namespace)
        .filter(({ metadata }) => matcher.matches(metadata.labels)),
      specReplicas: current,
      statusReplicas: scale.status?.replicas ?? 0,
      tolerances: { up: toleranceOf(scaleUp?.tolerance), down: toleranceOf(scaleDown?.tolerance) },
      nowMs: clock.now(),
    }
    const specs = hpa.spec.metrics ?? []
    const { metrics } = findings
    let best: Evaluated | undefined
    let failures = 0
    let first: MetricError | undefined
    for (const spec of specs) {
      try {
        const evaluated = await evaluateMetric(spec, target)
        metrics.push(evaluated.status)
        if (!best || evaluated.replicas > best.replicas) best = evaluated
      } catch (error) {
        if (!(error instanceof MetricError)) throw error
        failures++
        first ??= error
        events.event(hpa, 'Warning', error.reason, error.message)
      }
    }
    if (first && (!best || best.replicas < current)) {
      const why = `invalid metrics (${failures} invalid out of ${specs.length}), first error is: failed to get ${first.what}: ${first.message}`
      findings.set('ScalingActive', false, first.reason, `the HPA was unable to compute the replica count: ${first.message}`) // prettier-ignore
      events.event(hpa, 'Warning', 'FailedComputeMetricsReplicas', why)
      return undefined
    }
    if (!best) return undefined
    findings.set('ScalingActive', true, 'ValidMetricFound', `the HPA was able to successfully calculate a replica count from ${best.name}`) // prettier-ignore
    return best
  }

  #selectorOf(
    hpa: Hpa,
    { status }: ScaleTarget['scale'],
    { events, lister }: Context,
    findings: Findings,
  ): LabelMatcher | undefined {
    const refuse = (reason: string, event: string, message: string, said = message) => {
      events.event(hpa, 'Warning', event, said)
      findings.set('ScalingActive', false, reason, message)
      return undefined
    }
    if (!status?.selector)
      return refuse('InvalidSelector', 'SelectorRequired', "the HPA target's scale is missing a selector", 'selector is required') // prettier-ignore
    let matcher: LabelMatcher
    try {
      matcher = parseLabelSelector(status.selector)
    } catch (error) {
      const why = `couldn't convert selector into a corresponding internal selector object: ${messageOf(error)}`
      return refuse('InvalidSelector', 'InvalidSelector', why)
    }
    const { namespace } = hpa.metadata
    const key = keyOf(hpa.metadata)
    this.#selectors.set(key, { namespace, matcher })
    const pods = lister(Pod)
      .list(namespace)
      .filter(({ metadata }) => matcher.matches(metadata.labels))
    const rivals = [...this.#selectors]
      .filter(
        ([other, entry]) =>
          other !== key &&
          entry.namespace === namespace &&
          pods.some(({ metadata }) => entry.matcher.matches(metadata.labels)),
      ) // prettier-ignore
      .map(([other]) => other)
    if (rivals.length === 0) return matcher
    const all = [key, ...rivals].sort().join(' ')
    return refuse('AmbiguousSelector', 'AmbiguousSelector', `pods by selector ${status.selector} are controlled by multiple HPAs: [${all}]`) // prettier-ignore
  }

  #historyOf(hpa: Hpa, current: number, nowMs: number): History {
    const key = keyOf(hpa.metadata)
    let history = this.#histories.get(key)
    if (!history) {
      history = emptyHistory()
      // A control plane that just started knows of no lower number than what it finds.
      history.recommendations.push({ atMs: nowMs, replicas: current })
      this.#histories.set(key, history)
    }
    return history
  }

  async #rescale(
    hpa: Hpa,
    target: ScaleTarget,
    { replicas, why }: { readonly replicas: number; readonly why: string },
    { client, clock, events }: Context,
    findings: Findings,
  ): Promise<boolean> {
    const before = target.scale.spec?.replicas ?? 0
    try {
      await writeScale(client, target, replicas)
    } catch (error) {
      const message = messageOf(error)
      events.event(hpa, 'Warning', 'FailedRescale', `New size: ${replicas}; reason: ${why}; error: ${message}`)
      findings.set('AbleToScale', false, 'FailedUpdateScale', `the HPA controller was unable to update the target scale: ${message}`) // prettier-ignore
      return false
    }
    findings.set('AbleToScale', true, 'SucceededRescale', `the HPA controller was able to update the target scale to ${replicas}`) // prettier-ignore
    events.event(hpa, 'Normal', 'SuccessfulRescale', `New size: ${replicas}; reason: ${why}`)
    rescaled(this.#historyOf(hpa, before, clock.now()), hpa.spec.behavior, before, replicas, clock.now())
    return true
  }

  async #write(
    hpa: Hpa,
    context: Context,
    { conditions }: Findings,
    changes: Partial<HorizontalPodAutoscalerStatus>,
  ): Promise<void> {
    const { generation } = hpa.metadata
    const { currentMetrics, ...others } = { ...hpa.status, ...changes }
    const status = {
      ...others,
      ...(currentMetrics?.length ? { currentMetrics } : {}),
      conditions: [...conditions],
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    }
    try {
      await writeStatus(context, HorizontalPodAutoscaler, hpa, status)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}
