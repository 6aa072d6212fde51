// Starts the window.
import { token } from './login-token.ts'
import './style-nonce.ts'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { router } from './router.ts'
import './styles/main.css'

createApp(App, { token }).use(createPinia()).use(router).mount('#app')
