// What fails in the cluster, told quietly: a list in the window, and the desktop's notifications where they are wanted.
import { useIntervalFn } from '@vueuse/core'
import { defineStore } from 'pinia'
import { shallowRef, watch } from 'vue'
import { Event, Pod } from '../../shared/api/core/v1.ts'
import { fromLabelSelector } from '../../shared/machinery/selectors.ts'
import { connection } from '../api/connection.ts'
import { podStatus } from '../status/pod-status.ts'
import { REFUSALS, WorstPods } from '../status/pods-below.ts'
import { usePreferencesStore } from '../stores/preferences.ts'
import { useToastStore } from '../stores/toasts.ts'
import { isOver } from '../world/room.ts'
import { useWorld } from '../world/use-world.ts'
import { showOnDesktop } from './desktop.ts'
import { type Look, dueFor } from './looks.ts'
import { type Quiet, type Told, nothingTold, ripe, step, summary } from './quiet.ts'
import { type Suspect, WATCHED, suspectsIn } from './troubles.ts'

/** By a timer of its own: the clock on the screen rests while the window is hidden, which is when one has to be told. */
const CHECK_MS = 1_000
const MOST_PODS = 50

/** What is wrong with the first of its pods that fails, or why it may not make them; undefined while it is on its way. */
async function troubleOf({ type, namespace, object, podSelector }: Suspect): Promise<string | undefined> {
  const labelSelector = fromLabelSelector(podSelector).format()
  const { items: pods } = await connection.client.list(Pod, { namespace, labelSelector, limit: MOST_PODS })
  for (const pod of pods) {
    const { tone, text, reason } = podStatus(pod)
    if (tone === 'failed' && !isOver(pod)) return reason ? `${text}: ${reason}` : text
  }
  if (!object) return undefined
  const fieldSelector = `${REFUSALS.fieldSelector},involvedObject.name=${object.metadata.name}`
  const { items: events } = await connection.client.list(Event, { namespace, fieldSelector })
  return new WorstPods(pods, events).refusal(type, object)?.reason
}

export const useNotificationStore = defineStore('notifications', () => {
  const preferences = usePreferencesStore()
  const toasts = useToastStore()
  const { world, state } = useWorld(() => WATCHED)

  const told = shallowRef<readonly Told[]>([])
  /** What fails from here on is announced. */
  const isWatching = shallowRef(false)
  let quiet: Quiet = nothingTold
  /** What was suspected when the window was opened is listed, not announced. */
  let unjudged: Set<string> | undefined
  let isBusy = false
  const looks = new Map<string, Look>()
  const shown = new Map<string, { close(): void }>()

  async function look(suspect: Suspect, at: number): Promise<void> {
    const text = await troubleOf(suspect).catch(() => looks.get(suspect.key)?.text)
    looks.set(suspect.key, { at, text })
  }

  function announce(fresh: readonly Told[]) {
    if (fresh.length === 0 || preferences.notify === 'never') return
    const { title, text } = summary(fresh)
    toasts.news(title, text)
    if (preferences.notify !== 'desktop') return
    const notification = showOnDesktop(title, text)
    if (notification) for (const { key } of fresh) shown.set(key, notification)
  }
  /** One of several that were told together stays until the last of them is over. */
  function withdraw(over: readonly string[]) {
    for (const key of over) {
      const notification = shown.get(key)
      shown.delete(key)
      if (notification && ![...shown.values()].includes(notification)) notification.close()
    }
  }

  async function check(): Promise<void> {
    const at = Date.now()
    const suspects = suspectsIn(world.value, at)
    const old = (unjudged ??= new Set(suspects.map(({ key }) => key)))
    const asked = new Set([...old, ...ripe(quiet, suspects, at).map(({ key }) => key)])
    const wanted = suspects.filter(({ key }) => asked.has(key))
    await Promise.all(dueFor(wanted, looks, at).map(suspect => look(suspect, at)))
    const texts = new Map<string, string>()
    for (const { key, podSelector, text } of wanted) {
      const found = podSelector ? looks.get(key)?.text : text
      if (found !== undefined) texts.set(key, found)
    }
    const named = suspects.map(each => ({ ...each, text: texts.get(each.key) ?? each.text }))
    const { next, fresh, over } = step(quiet, named, new Set(texts.keys()), preferences.mutedNamespaces, at)
    quiet = next
    told.value = next.told
    for (const key of looks.keys()) if (!next.suspected.has(key)) looks.delete(key)
    announce(fresh.filter(({ key }) => !old.has(key)))
    // One that was on its way when the window was opened may still fail.
    for (const { key, podSelector } of wanted) if (!podSelector || looks.has(key)) old.delete(key)
    for (const key of old) if (!next.suspected.has(key)) old.delete(key)
    withdraw(over)
  }

  async function checkUnlessBusy(): Promise<void> {
    if (isBusy || state.value !== 'live') return
    isBusy = true
    await check().finally(() => (isBusy = false))
    isWatching.value = true
  }
  useIntervalFn(() => void checkUnlessBusy(), CHECK_MS)
  watch([() => preferences.mutedNamespaces, state], checkUnlessBusy)

  return { told, isWatching }
})
