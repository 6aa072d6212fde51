// Starts the window.
import { token } from './login-token.ts'
import './style-nonce.ts'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { speak } from './i18n/i18n.ts'
import { router } from './router.ts'
import { usePreferencesStore } from './stores/preferences.ts'
import './styles/main.css'

const LONGEST_SILENCE_MS = 3000

const pinia = createPinia()
const app = createApp(App, { token }).use(pinia).use(router)
// Nothing is drawn in one language and then in another, unless its words are long in coming.
await Promise.race([
  speak(usePreferencesStore(pinia).spoken).catch(() => undefined),
  new Promise(resolve => setTimeout(resolve, LONGEST_SILENCE_MS)),
])
app.mount('#app')
