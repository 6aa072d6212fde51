// Making what a text says: looked at first, where somebody wants to, then made, with the way to it.
import { refDebounced } from '@vueuse/core'
import { type ComputedRef, type Ref, type ShallowRef, computed, ref, shallowRef, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { rightsOnAll } from '../access/manifest-rights.ts'
import { useRightsStore } from '../access/rights.ts'
import { parseObjects, toYaml } from '../api/yaml-text.ts'
import { objectRoute } from '../places.ts'
import { useToastStore } from '../stores/toasts.ts'
import { type Created, createObjects, tryObjects } from './create-objects.ts'
import { t } from '../i18n/i18n.ts'

/** So many are called by their names. */
const MOST_NAMED = 2
/** So long nothing is typed before it is asked whether the user may make this. */
const PAUSE_MS = 300

export interface Creation<Refusal> {
  /** What the server finds wrong, as the form tells it; forgotten once the text changes. */
  readonly refusal: ShallowRef<Refusal>
  /** Why the user may not make all of this, in a sentence. */
  readonly mayNot: ComputedRef<string | undefined>
  /** What the server would store; undefined while nobody asked. */
  readonly preview: Ref<string | undefined>
  readonly busy: Ref<boolean>
  readonly review: () => Promise<void>
  readonly create: () => Promise<void>
}

/**
 * @param namespace of objects that name none
 * @param none nothing is refused
 * @param refusalOf what a `CreateError`, or whatever else came up, says to the form
 * @param shown which of several the window goes to; otherwise the first
 */
export function useCreation<Refusal>(
  text: Ref<string>,
  namespace: () => string,
  none: Refusal,
  refusalOf: (error: unknown) => Refusal,
  shown = (_: Created): boolean => true,
): Creation<Refusal> {
  const route = useRoute()
  const router = useRouter()
  const toasts = useToastStore()
  const refusal = shallowRef(none)
  const preview = ref<string>()
  const busy = ref(false)
  watch(text, () => {
    refusal.value = none
    preview.value = undefined
  })

  const typed = refDebounced(text, PAUSE_MS)
  const mayNot = computed(() => {
    try {
      return useRightsStore().refusalOf(rightsOnAll('create', parseObjects(typed.value), namespace()))
    } catch {
      // What cannot be read is said elsewhere.
      return undefined
    }
  })

  async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    busy.value = true
    refusal.value = none
    try {
      return await work()
    } catch (error) {
      preview.value = undefined
      refusal.value = refusalOf(error)
      return undefined
    } finally {
      busy.value = false
    }
  }
  async function review() {
    const tried = await attempt(async () => await tryObjects(parseObjects(text.value), namespace()))
    if (tried) preview.value = tried.map(({ object }) => toYaml(object)).join('---\n')
  }
  async function create() {
    const created = await attempt(async () => await createObjects(parseObjects(text.value), namespace()))
    const first = created?.find(shown) ?? created?.[0]
    if (!created || !first) return
    const names = created.map(({ object }) => `${object.kind} ${object.metadata.name}`)
    toasts.done(
      names.length > MOST_NAMED
        ? t('Created {n} objects', { n: names.length })
        : t('Created {names}', { names: names.join(` ${t('and')} `) }),
    )
    await router.push(objectRoute(first.type, first.object.metadata.namespace, first.object.metadata.name, route.query))
  }
  return { refusal, mayNot, preview, busy, review, create }
}
