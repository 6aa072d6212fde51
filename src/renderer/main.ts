// Starts the window.
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { router } from './router.ts'
import './styles/main.css'

// The one-time token must leave the address bar and the history before anything else happens.
const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? undefined
if (token) history.replaceState(null, '', location.pathname)

createApp(App, { token }).use(createPinia()).use(router).mount('#app')
