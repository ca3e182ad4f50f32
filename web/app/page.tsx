import { earlyScript } from '@/data/early';
import { OVERVIEW_ASKS } from '@/data/overview';
import { Overview } from './overview';

export default function Page() {
  return (
    <>
      <script dangerouslySetInnerHTML={{ __html: earlyScript(Object.values(OVERVIEW_ASKS)) }} />
      <Overview />
    </>
  );
}
