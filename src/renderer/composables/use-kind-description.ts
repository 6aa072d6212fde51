// What a kind is for, told where there is none of it yet: of the menu's kinds in our words, of others in the first
// sentence of the server's, which speaks English.
import { type ShallowRef, shallowRef, watch } from 'vue'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { kindKey } from '../api/discovery.ts'
import { isEnglish, t } from '../i18n/i18n.ts'
import { loaded } from '../lazy/part.ts'

const MOST_CHARACTERS = 240

/** @returns the first sentence */
export function firstSentence(description: string): string {
  const [sentence = ''] = /^.*?(?:[.!?](?=\s|$)|$)/s.exec(description.trim()) ?? []
  return sentence.length > MOST_CHARACTERS ? '' : sentence.replaceAll(/\s+/g, ' ')
}

async function describe(type: ResourceType<unknown>, inEnglish: boolean): Promise<string> {
  const { purposes } = await loaded(() => import('../kinds/purpose.ts'))
  const purpose = purposes[kindKey(type)]
  if (purpose) return t(purpose)
  if (!inEnglish) return ''
  const { loadSchema } = await loaded(() => import('../forms/load-schema.ts'))
  return firstSentence((await loadSchema(type))?.description ?? '')
}

/** @param type undefined = nobody wants to know */
export function useKindDescription(type: () => ResourceType<unknown> | undefined): ShallowRef<string> {
  const told = shallowRef('')
  watch(
    [type, isEnglish] as const,
    async ([wanted, inEnglish]) => {
      told.value = ''
      if (!wanted) return
      const description = await describe(wanted, inEnglish).catch(() => '')
      if (wanted === type() && inEnglish === isEnglish()) told.value = description
    },
    { immediate: true },
  )
  return told
}
