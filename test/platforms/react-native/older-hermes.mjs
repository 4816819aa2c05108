import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'

// node older-hermes.mjs APP-FOLDER FILE OUT: translates a bundle of Expo's for Hermes before 1.0, which knows no private members, no
// asynchronous functions and no named groups. The plugins are those of Expo's own preset: a bundle for Hermes 1 leaves them out.

const [, , folder = '', file = '', out = ''] = process.argv
const requireOfApp = createRequire(`${folder}/package.json`)
const { transformSync } = requireOfApp('@babel/core')
const preset = requireOfApp('babel-preset-expo/build/configs/hermes-v0')

const options = { configFile: false, babelrc: false, sourceType: 'script', presets: [preset] }
writeFileSync(out, transformSync(readFileSync(file, 'utf8'), options).code)
