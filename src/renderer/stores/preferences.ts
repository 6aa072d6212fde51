// What the user arranged in this window: language, theme, widths, columns, favourites, how troubles are told. Kept in this
// browser, never on the server.
import { useLocalStorage, useNavigatorLanguage, usePreferredDark } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, watch, watchEffect } from 'vue'
import type { Place } from '../favourites/places.ts'
import { type Language, speak, t } from '../i18n/i18n.ts'
import { useToastStore } from './toasts.ts'

export type LanguageChoice = 'system' | Language

export type ThemeChoice = 'system' | 'light' | 'dark'

/** `never`: the list alone; `window`: told in the window; `desktop`: by the desktop too. */
export type NotifyChoice = 'never' | 'window' | 'desktop'

export interface ColumnChoice {
  /** Column ids switched from their default. */
  readonly shown: readonly string[]
  readonly hidden: readonly string[]
  readonly sort?: { readonly id: string; readonly descending: boolean }
  /** Column ids from left to right; others follow in their own order. */
  readonly order?: readonly string[]
  /** Pixels by column id. */
  readonly widths?: Readonly<Record<string, number>>
}

export const usePreferencesStore = defineStore('preferences', () => {
  const theme = useLocalStorage<ThemeChoice>('flotilla.theme', 'system')
  const language = useLocalStorage<LanguageChoice>('flotilla.language', 'system')
  const sidebarOpen = useLocalStorage('flotilla.sidebar', true)
  const closedGroups = useLocalStorage<string[]>('flotilla.closed-groups', [
    'Access Control',
    'Other',
    'Custom Resources',
  ])
  const drawerWidth = useLocalStorage('flotilla.drawer-width', 680)
  const dockHeight = useLocalStorage('flotilla.dock-height', 300)
  const columns = useLocalStorage<Record<string, ColumnChoice>>('flotilla.columns', {})

  const favourites = useLocalStorage<Place[]>('flotilla.favourites', [])
  const recent = useLocalStorage<Place[]>('flotilla.recent', [])
  const notify = useLocalStorage<NotifyChoice>('flotilla.notify', 'window')
  const tourAnswered = useLocalStorage('flotilla.tour-answered', false)
  const mutedNamespaces = useLocalStorage<string[]>('flotilla.muted-namespaces', [])

  const prefersDark = usePreferredDark()
  const isDark = computed(() => (theme.value === 'system' ? prefersDark.value : theme.value === 'dark'))
  watchEffect(() => (document.documentElement.dataset.theme = isDark.value ? 'dark' : 'light'))

  const { language: ofSystem } = useNavigatorLanguage()
  const spoken = computed<Language>(() =>
    language.value === 'system' ? (ofSystem.value?.startsWith('de') ? 'de' : 'en') : language.value,
  )
  watch(spoken, next => {
    speak(next).catch((error: unknown) => useToastStore().failed(t('The language did not come'), error))
  })

  return {
    language,
    spoken,
    theme,
    isDark,
    sidebarOpen,
    closedGroups,
    drawerWidth,
    dockHeight,
    columns,
    favourites,
    recent,
    notify,
    mutedNamespaces,
    tourAnswered,
  }
})
