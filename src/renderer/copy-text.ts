// Puts text on the clipboard, and says so; a page without one, or that may not use it, says that.
import { useToastStore } from './stores/toasts.ts'
import { t } from './i18n/i18n.ts'

export async function copyText(text: string): Promise<void> {
  const toasts = useToastStore()
  try {
    await navigator.clipboard.writeText(text)
    toasts.done(t('Copied'))
  } catch (error) {
    toasts.failed(t('Not copied'), error)
  }
}
