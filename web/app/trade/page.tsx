import type { Metadata } from 'next';
import { Suspense } from 'react';
import { TradePage } from './trade';

export const metadata: Metadata = { title: 'Trade' };
export default function Page() {
  return <Suspense><TradePage /></Suspense>; // it reads the address, which only a browser has
}
