import type { Metadata } from 'next';
import { TradePage } from './trade';

export const metadata: Metadata = { title: 'Trade' };
export default function Page() {
  return <TradePage />;
}
