// An object's text while somebody edits it: it follows the cluster until it is changed; from then on what others change
// is merged into it, and where both changed the same the user is asked.
import { type Ref, computed, ref, shallowRef, watch } from 'vue'
import type { Client } from '../../shared/client/client.ts'
import { isNewer } from '../../shared/machinery/older.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { isConflict } from '../../shared/machinery/status.ts'
import { parseObjects, toYaml } from '../api/yaml-text.ts'
import { type Refusal, noRefusal, refusalOf } from '../forms/causes.ts'
import type { FieldSchema } from '../forms/schema.ts'
import { type MergeConflict, mergeText } from '../forms/three-way.ts'
import { t } from '../i18n/i18n.ts'

/** So often the newest is read and merged when others are faster than the watch that tells of them. */
const MOST_TRIES = 4

/**
 * @param object as the watch tells it
 * @param schema tells which lists are kept by key
 */
export function useEdit(
  client: Client,
  type: () => ResourceType<AnyObject>,
  object: () => AnyObject,
  schema: Readonly<Ref<FieldSchema | undefined>>,
) {
  /** What an answer told before the watch did: what comes from the watch meanwhile is older. */
  const ahead = shallowRef<AnyObject>()
  const newest = computed(() => (ahead.value && isNewer(ahead.value, object()) ? ahead.value : object()))
  watch(newest, current => {
    if (current !== ahead.value) ahead.value = undefined
  })

  const live = computed(() => toYaml(newest.value))
  /** The text that the user started from; it follows the cluster as long as nothing was changed. */
  const base = ref(live.value)
  const text = ref(live.value)
  const isChanged = computed(() => text.value !== base.value)
  const conflicts = shallowRef<readonly MergeConflict[]>([])
  const refusal = shallowRef<Refusal>(noRefusal)
  const notice = ref('')
  const busy = ref(false)

  watch(live, () => {
    if (!isChanged.value) start()
  })
  watch(text, () => {
    refusal.value = noRefusal
    notice.value = ''
  })
  /** Begins anew with what there is. */
  function start() {
    base.value = text.value = live.value
    conflicts.value = []
  }

  /** Takes over what others changed. @returns whether the text can be sent */
  function catchUp(): boolean {
    if (conflicts.value.length) return false
    if (base.value === live.value) return true
    const merged = mergeText(base.value, text.value, live.value, schema.value)
    if (!merged) return true
    text.value = merged.text
    base.value = live.value
    conflicts.value = merged.conflicts
    return merged.conflicts.length === 0
  }

  async function attempt(dryRun: boolean): Promise<AnyObject | undefined> {
    for (let left = MOST_TRIES; left > 0 && catchUp(); left--) {
      const sent = text.value
      const [changed, ...others] = parseObjects(sent)
      if (!changed || others.length) throw new Error(t('Exactly one object belongs here.'))
      try {
        const result = await client.update(type(), changed, { dryRun })
        if (dryRun) return result
        ahead.value = result
        // What was typed while it was sent stays.
        base.value = sent
        if (isChanged.value) catchUp()
        else start()
        return result
      } catch (error) {
        if (!isConflict(error)) throw error
      }
      const read = await client.get(type(), object().metadata)
      // One that was made anew under the same name is another object.
      if (read.metadata.uid !== object().metadata.uid) break
      ahead.value = read
    }
    if (!conflicts.value.length) notice.value = t('Somebody changed this object this very moment. Try again.')
    return undefined
  }

  /** @returns what the server made of it, or would; undefined where it was refused or the user has to choose */
  async function send(dryRun: boolean): Promise<AnyObject | undefined> {
    busy.value = true
    refusal.value = noRefusal
    notice.value = ''
    try {
      return await attempt(dryRun)
    } catch (error) {
      refusal.value = refusalOf(error)
      return undefined
    } finally {
      busy.value = false
    }
  }

  return { live, base, text, isChanged, conflicts, refusal, notice, busy, send, start }
}
