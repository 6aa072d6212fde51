// From the number that the metrics ask for to the number that is set: neither back and forth (stabilization) nor
// faster than the policies allow.
// @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#configurable-scaling-behavior
import type { HPAScalingRules, HorizontalPodAutoscalerBehavior } from '../../../shared/api/autoscaling/v2.ts'

const DOWNSCALE_STABILIZATION_S = 300

interface Timed {
  readonly atMs: number
}
/** What happened to one autoscaler's target: kept in memory, as upstream. */
export interface History {
  recommendations: (Timed & { readonly replicas: number })[]
  /** Replicas added and taken away. */
  ups: (Timed & { readonly change: number })[]
  downs: (Timed & { readonly change: number })[]
}

export const emptyHistory = (): History => ({ recommendations: [], ups: [], downs: [] })

export interface Normalized {
  readonly replicas: number
  /** For AbleToScale. */
  readonly ability: { readonly reason: string; readonly message: string }
  /** For ScalingLimited. */
  readonly limit: { readonly limited: boolean; readonly reason: string; readonly message: string }
}

export interface NormalizeInput {
  readonly current: number
  readonly desired: number
  readonly min: number
  readonly max: number
  readonly behavior: HorizontalPodAutoscalerBehavior | undefined
  readonly history: History
  readonly nowMs: number
}

const WITHIN = {
  limited: false,
  reason: 'DesiredWithinRange',
  message: 'the desired count is within the acceptable range',
}
const limitedBy = (reason: string, message: string) => ({ limited: true, reason, message })
const TOO_FEW = limitedBy('TooFewReplicas', 'the desired replica count is less than the minimum replica count')
const TOO_MANY = limitedBy('TooManyReplicas', 'the desired replica count is more than the maximum replica count')
const UP_LIMIT = limitedBy('ScaleUpLimit', 'the desired replica count is increasing faster than the maximum scale rate')
const DOWN_LIMIT = limitedBy('ScaleDownLimit', 'the desired replica count is decreasing faster than the maximum scale rate') // prettier-ignore

const READY = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' }
const DOWN_STABILIZED = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
}
const UP_STABILIZED = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
}

/** Remembers what is asked for now. @returns the number that recent recommendations allow */
function stabilize({ current, desired, behavior, history, nowMs }: NormalizeInput): number {
  const upMs = (behavior?.scaleUp?.stabilizationWindowSeconds ?? 0) * 1000
  const downMs = (behavior?.scaleDown?.stabilizationWindowSeconds ?? DOWNSCALE_STABILIZATION_S) * 1000
  const recent = history.recommendations.filter(({ atMs }) => atMs > nowMs - Math.max(upMs, downMs))
  let lowest = desired
  let highest = desired
  for (const { atMs, replicas } of recent) {
    if (atMs > nowMs - upMs) lowest = Math.min(lowest, replicas)
    if (atMs > nowMs - downMs) highest = Math.max(highest, replicas)
  }
  history.recommendations = [...recent, { atMs: nowMs, replicas: desired }]
  if (!behavior) return highest
  return Math.min(Math.max(current, lowest), highest)
}

const changed = (events: History['ups'], periodSeconds: number, nowMs: number): number =>
  events.filter(({ atMs }) => atMs > nowMs - periodSeconds * 1000).reduce((sum, { change }) => sum + change, 0)

/** How far the target may go from where each policy's period began. */
function rateLimit(
  { current, history, nowMs }: NormalizeInput,
  { selectPolicy, policies = [] }: HPAScalingRules,
  direction: 'up' | 'down',
): number {
  if (selectPolicy === 'Disabled' || policies.length === 0) return current
  const sign = direction === 'up' ? 1 : -1
  const limits = policies.map(({ type, value, periodSeconds }) => {
    const start = current - changed(history.ups, periodSeconds, nowMs) + changed(history.downs, periodSeconds, nowMs)
    if (type === 'Pods') return start + sign * value
    const scaled = start * (1 + (sign * value) / 100)
    return direction === 'up' ? Math.ceil(scaled) : Math.trunc(scaled)
  })
  // "Max" is the policy that allows most: the highest on the way up, the lowest on the way down.
  return (selectPolicy === 'Min') === (direction === 'up') ? Math.min(...limits) : Math.max(...limits)
}

function bound(input: NormalizeInput, stabilized: number): Pick<Normalized, 'replicas' | 'limit'> {
  const { current, min, max, behavior } = input
  if (!behavior) {
    const fastest = Math.max(2 * current, 4)
    if (stabilized < min) return { replicas: min, limit: TOO_FEW }
    if (stabilized > Math.min(max, fastest))
      return { replicas: Math.min(max, fastest), limit: fastest < max ? UP_LIMIT : TOO_MANY }
    return { replicas: stabilized, limit: WITHIN }
  }
  if (stabilized > current) {
    const fastest = Math.max(current, rateLimit(input, behavior.scaleUp ?? {}, 'up'))
    const most = Math.min(max, fastest)
    if (stabilized > most) return { replicas: most, limit: fastest < max ? UP_LIMIT : TOO_MANY }
  } else if (stabilized < current) {
    const fastest = Math.min(current, rateLimit(input, behavior.scaleDown ?? {}, 'down'))
    const least = Math.max(min, fastest)
    if (stabilized < least) return { replicas: least, limit: fastest > min ? DOWN_LIMIT : TOO_FEW }
  }
  return { replicas: stabilized, limit: WITHIN }
}

export function normalize(input: NormalizeInput): Normalized {
  const stabilized = stabilize(input)
  const grows = input.behavior !== undefined && input.desired >= input.current
  const ability = stabilized === input.desired ? READY : grows ? UP_STABILIZED : DOWN_STABILIZED
  return { ...bound(input, stabilized), ability }
}

/** Told after a rescale, for the policies' periods. */
export function rescaled(
  history: History,
  behavior: HorizontalPodAutoscalerBehavior | undefined,
  before: number,
  after: number,
  nowMs: number,
): void {
  if (!behavior) return
  const periods = [behavior.scaleUp, behavior.scaleDown].flatMap(rules => rules?.policies ?? [])
  const longestMs = Math.max(0, ...periods.map(({ periodSeconds }) => periodSeconds)) * 1000
  const recent = ({ atMs }: Timed) => atMs > nowMs - longestMs
  history.ups = history.ups.filter(recent)
  history.downs = history.downs.filter(recent)
  if (after > before) history.ups.push({ atMs: nowMs, change: after - before })
  if (after < before) history.downs.push({ atMs: nowMs, change: before - after })
}
