// Renders the standard cover of shared cards: node preview/cover.mjs
//
// The picture is committed, since the seal's font is not on every machine. CHROMIUM names the browser.

import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

/** CSS px of a card in a chat, 5 : 4, and the pixels of each: a JPEG of 500 x 400 takes the least of the package. */
const SIZE = { width: 300, height: 240 }
const SCALE = 5 / 3

const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="240" viewBox="0 0 300 240">
  <rect width="300" height="240" fill="#f3efe7"/>
  <rect x="33" y="27" width="234" height="190" rx="7" fill="#e6dfd0"/>
  <rect x="33" y="24" width="234" height="190" rx="7" fill="#fffdf9"/>
  <path d="M66 138c14-34 34-62 52-60 20 3-2 44 10 52 15 9 28-62 50-60 18 2-10 47 8 53 16 5 26-22 46-38"
    fill="none" stroke="#2a2723" stroke-width="7" stroke-linecap="round" stroke-linejoin="round"/>
  <rect x="206" y="158" width="40" height="40" rx="6" fill="#ad3a29"/>
  <rect x="209.5" y="161.5" width="33" height="33" rx="4" fill="none" stroke="#fffaf4" stroke-width="1.2"/>
  <g fill="#fffaf4" font-family="Noto Serif CJK SC, Songti SC, serif" font-size="13" font-weight="700" text-anchor="middle">
    <text x="226" y="176.5">一笔</text><text x="226" y="190.5">到底</text>
  </g>
</svg>`

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
const page = await browser.newPage({ viewport: SIZE, deviceScaleFactor: SCALE })
await page.setContent(`<style>body{margin:0}svg{display:block}</style>${svg}`)
writeFileSync(join(resolve(fileURLToPath(import.meta.url), '../..'), 'images/cover.jpg'), await page.screenshot({ type: 'jpeg', quality: 80 }))
await browser.close()
